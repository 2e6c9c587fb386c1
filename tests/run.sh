#!/usr/bin/env bash
# Every check there is: formatting, lints, documentation, the tests of every language, and, where they can be had,
# clients that nobody here wrote and Microsoft's own DacFx. Installs what it needs; leaves it under target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never} CARGO_INCREMENTAL=0

step() { printf '\n== %s\n' "$*"; }

step 'system packages'
if ! pkg-config --exists openssl 2>/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            libssl-dev pkg-config build-essential >/dev/null
    else
        echo 'OpenSSL headers are missing: install libssl-dev and pkg-config' >&2
        exit 1
    fi
fi

step 'formatting'
cargo fmt --all --check

step 'lints'
cargo clippy --workspace --all-targets --locked -- -D warnings

step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet

step 'DacFx'
# Microsoft's own reader and writer, as an oracle; it comes with the folder of shared material where there is one.
if [ -f ../shared/tools/dacfx/setup.sh ] && [ "$(id -u)" = 0 ]; then
    [ -x target/dacfx/dacfx ] || bash ../shared/tools/dacfx/setup.sh target/dacfx >target/dacfx-setup.log 2>&1 ||
        { cat target/dacfx-setup.log; exit 1; }
    export BACPAC_DACFX="$PWD/target/dacfx/dacfx"
    echo "using $("$BACPAC_DACFX" collations 2>/dev/null | wc -l) collations of DacFx"
else
    echo 'SKIPPED: DacFx is not here; what it would judge is not judged in this run'
fi

step 'clients that others wrote'
if ! command -v tsql >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends freetds-bin \
        >/dev/null || echo 'SKIPPED: FreeTDS cannot be installed'
fi
cargo build --quiet --locked -p sqlserver-emulator
port=14370
target/debug/sqlserver-emulator --port $port --sa-password Clients-1 >target/emulator.log 2>&1 &
emulator=$!
trap 'kill $emulator 2>/dev/null || true' EXIT
for _ in $(seq 50); do (echo >/dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.2; done
sh tests/clients/run.sh $port Clients-1
kill $emulator

step 'tests'
cargo test --workspace --locked --no-fail-fast 2>&1 | tee target/test.log
awk '/^test result:/ { for (i = 1; i <= NF; i++) { if ($i ~ /^passed/) p += $(i-1); if ($i ~ /^failed/) f += $(i-1); if ($i ~ /^ignored/) s += $(i-1) } }
     END { printf "\n%d passed, %d failed, %d skipped\n", p, f, s }' target/test.log
