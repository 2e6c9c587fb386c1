#!/bin/sh
# Installs the libraries, the headers, the pkg-config file and the CMake package under a prefix.
#
#   cargo build --release -p bacpac-ffi && bacpac-ffi/install.sh /usr/local [target/release]
set -eu
prefix=${1:?prefix}
here=$(cd "$(dirname "$0")/.." && pwd)
built=${2:-$here/target/release}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/Cargo.toml" | head -1)
shared=libbacpac.so
[ -e "$built/$shared" ] || shared=libbacpac.dylib

filled() { sed -e "s|@PREFIX@|$prefix|g" -e "s|@VERSION@|$version|g" -e "s|@SHARED@|$shared|g" "$here/bacpac-ffi/$1"; }

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/bacpac"
prefix=$(cd "$prefix" && pwd)
install -m 644 "$here/include/bacpac.h" "$here/include/bacpac.hpp" "$prefix/include/"
install -m 755 "$built/$shared" "$prefix/lib/"
install -m 644 "$built/libbacpac.a" "$prefix/lib/"
filled bacpac.pc.in >"$prefix/lib/pkgconfig/bacpac.pc"
filled bacpac-config.cmake.in >"$prefix/lib/cmake/bacpac/bacpac-config.cmake"
filled bacpac-config-version.cmake.in >"$prefix/lib/cmake/bacpac/bacpac-config-version.cmake"
