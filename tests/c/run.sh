#!/usr/bin/env bash
# Builds the C interface and tries it: the header against the sources, the examples, the pages and the scenarios in C and
# C++, plainly, under valgrind and with AddressSanitizer; an install with pkg-config and CMake. Installs what it needs
# (on Debian, as root). Ends with a line `N passed, N failed`.
#
#   tests/c/run.sh [release]      # release: with the optimised libraries, and export from C timed beside Rust
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
profile=debug flag=()
[ "${1:-}" = release ] && profile=release flag=(--release)
out=$PWD/target/c
mkdir -p "$out"
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED: $*"; }
skip() { skipped=$((skipped + 1)); echo "SKIPPED: $*"; }
try() { local name=$1; shift; if "$@" >"$out/log" 2>&1; then pass; else tail -40 "$out/log"; fail "$name"; fi; }
# Runs a program that counts for itself, and adds its counts.
counted() {
    local name=$1 line; shift
    "$@" >"$out/log" 2>&1; local code=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out/log" | tail -1)
    [ -n "$line" ] && echo "$name: $line" && passed=$((passed + ${line%% *}))
    if [ $code != 0 ] || [ -z "$line" ]; then tail -60 "$out/log"; fail "$name (exit code $code)"; fi
}

packages=(gcc g++ cmake valgrind pkg-config libssl-dev libcjson-dev nlohmann-json3-dev)
if ! type cmake valgrind gcc g++ pkg-config >/dev/null 2>&1 || ! [ -e /usr/include/cjson/cJSON.h ] ||
    ! [ -e /usr/include/nlohmann/json.hpp ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
            >"$out/apt.log" 2>&1 || { cat "$out/apt.log"; exit 1; }
    else
        echo "install ${packages[*]}" >&2
        exit 1
    fi
fi

echo '== libraries'
# The same selection as in tests/run.sh: with another, cargo would build the core again with other features.
cargo build --quiet --locked --workspace --lib --bins --tests --examples || exit 1
[ $profile = debug ] || cargo build --quiet --locked "${flag[@]}" -p bacpac-ffi -p bacpac-tests --lib --bins || exit 1
try 'the header is the one of the sources' cargo test --quiet --locked --workspace --test header
prefix=$out/prefix
rm -rf "$prefix"
try install sh bacpac-ffi/install.sh "$prefix" "target/$profile"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
# Names of C that are C++'s, and the other way round, show here.
strict=(-Wall -Wextra -Werror -pedantic -O1 -g)
read -ra flags <<<"$(pkg-config --cflags --libs bacpac)"
read -ra static <<<"$(pkg-config --cflags bacpac) $prefix/lib/libbacpac.a $(pkg-config --static --libs bacpac | sed 's/-lbacpac//')"

echo '== programs'
pieces() { awk -v open="^\`\`\`$1\$" '$0 ~ open { on = 1; next } /^```$/ { on = 0 } on' docs/c.md; }
{ pieces c; cat tests/c/page_main.c; } >"$out/page.c"
{ pieces cpp; cat tests/c/page_main.cpp; } >"$out/page.cpp"
build() { # compiler, output, sources and flags
    local compiler=$1 output=$2; shift 2
    local standard=-std=c11; [[ $compiler == *++ ]] && standard=-std=c++17
    [ $standard = -std=c11 ] && set -- -D_GNU_SOURCE "$@"
    try "$compiler $output" "$compiler" $standard "${strict[@]}" "$@" -o "$out/$output"
}
build gcc scenarios tests/c/scenarios.c "${flags[@]}" -lcjson
build gcc checks tests/c/checks.c "${flags[@]}" -pthread
build gcc page "$out/page.c" "${flags[@]}"
build gcc speed tests/c/speed.c "${flags[@]}"
build g++ scenarios++ tests/c/scenarios.cpp "${flags[@]}"
build g++ page++ "$out/page.cpp" "${flags[@]}"
for example in examples/c/*.c; do build gcc "example-$(basename "$example" .c)" "$example" "${flags[@]}"; done
for example in examples/cpp/*.cpp; do build g++ "example++-$(basename "$example" .cpp)" "$example" "${flags[@]}"; done
build gcc static tests/c/consumer/main.c "${static[@]}"
# GCC warns of its own <regex> when it optimises under the sanitizer.
asan=(-fsanitize=address -fno-omit-frame-pointer -O0)
build gcc scenarios-asan tests/c/scenarios.c "${asan[@]}" "${flags[@]}" -lcjson
build gcc checks-asan tests/c/checks.c "${asan[@]}" "${flags[@]}" -pthread
build g++ scenarios++-asan tests/c/scenarios.cpp "${asan[@]}" "${flags[@]}"
if command -v clang >/dev/null && command -v clang++ >/dev/null; then
    build clang scenarios-clang tests/c/scenarios.c "${flags[@]}" -lcjson
    build clang++ scenarios++-clang tests/c/scenarios.cpp "${flags[@]}"
else
    skip 'clang is not here'
fi

echo '== server'
# One that runs already is taken, as every runner does.
if [ -z "${BACPAC_SCENARIO_FILES:-}" ]; then
    coproc SERVER { exec "target/$profile/scenario-server" "$out/files"; }
    server_pid=$SERVER_PID
    trap 'kill $server_pid 2>/dev/null' EXIT
    read -r line <&"${SERVER[0]}" && export BACPAC_SCENARIO_SERVER=${line#*=}
    read -r line <&"${SERVER[0]}" && export BACPAC_SCENARIO_FILES=${line#*=}
fi
[ -n "${BACPAC_SCENARIO_FILES:-}" ] || { echo 'the scenario server does not say where it is'; exit 1; }
files=$BACPAC_SCENARIO_FILES scenarios=(tests/scenarios/*.json)
fresh() { rm -rf "$out/run" && mkdir -p "$out/run" && echo "$out/run"; }

echo '== plainly'
counted 'C scenarios' "$out/scenarios" "${scenarios[@]}"
counted 'C++ scenarios and checks' "$out/scenarios++" "${scenarios[@]}"
counted 'C checks' "$out/checks"
grep -E 'returned' "$out/log"
counted 'C page' "$out/page" "$BACPAC_SCENARIO_SERVER" "$files" "$(fresh)" "page_$$"
counted 'C++ page' "$out/page++" "$BACPAC_SCENARIO_SERVER" "$files" "$(fresh)" "pagepp_$$"
try 'static library' "$out/static" "$files/acmecorp.bacpac"
for example in "$out"/example-* "$out"/example++-*; do
    try "$(basename "$example")" "$example" "$BACPAC_SCENARIO_SERVER" acmecorp "$(fresh)/example.bacpac"
done

if [ $profile = release ]; then
    echo '== speed'
    cargo build --quiet --locked --release -p bacpac-ffi --example export-time-beside-c || exit 1
    try 'C takes as long as Rust' "$out/speed" target/release/examples/export-time-beside-c "$(fresh)" 9
    cat "$out/log"
fi

echo '== AddressSanitizer'
export ASAN_OPTIONS=detect_leaks=1
counted 'C scenarios, ASan' "$out/scenarios-asan" "${scenarios[@]}"
counted 'C++ scenarios and checks, ASan' "$out/scenarios++-asan" "${scenarios[@]}"
BACPAC_SLOW=3 counted 'C checks, ASan' "$out/checks-asan"

echo '== valgrind'
# All is slow here, logging in too.
BACPAC_SCENARIO_SERVER="$BACPAC_SCENARIO_SERVER;Connect Timeout=300"
memcheck=(valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite
    --fair-sched=yes)
BACPAC_SLOW=30 counted 'C checks, valgrind' "${memcheck[@]}" "$out/checks"
counted 'C scenarios, valgrind' "${memcheck[@]}" "$out/scenarios" tests/scenarios/0[127]-*.json
counted 'C++ page, valgrind' "${memcheck[@]}" "$out/page++" "$BACPAC_SCENARIO_SERVER" "$files" "$(fresh)" "vpagepp_$$"
counted 'C page, valgrind' "${memcheck[@]}" "$out/page" "$BACPAC_SCENARIO_SERVER" "$files" "$(fresh)" "vpage_$$"

echo '== CMake'
try 'CMake configures' cmake -S tests/c/consumer -B "$out/consumer" -DCMAKE_PREFIX_PATH="$prefix"
try 'CMake builds' cmake --build "$out/consumer"
for consumer in consumer_shared consumer_static consumer_cpp; do
    try "$consumer" "$out/consumer/$consumer" "$files/acmecorp.bacpac"
done

if [ $skipped = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ $failed = 0 ]
