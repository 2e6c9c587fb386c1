#!/usr/bin/env bash
# Every check there is: formatting, lints, documentation, the tests of every language, and, where they can be had,
# stores and clients that nobody here wrote and Microsoft's own DacFx. Installs what it needs; leaves it under target/.
# A check that fails does not stop the others; the last line counts the tests of all of them.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never} CARGO_INCREMENTAL=0
logs=target/logs failed=()
mkdir -p "$logs"

# check NAME COMMAND...: runs it, shows and keeps what it prints, remembers whether it failed.
check() {
    local name=$1
    shift
    printf '\n== %s (%s s)\n' "$name" "$SECONDS"
    "$@" 2>&1 | tee "$logs/$name.log"
    [ "${PIPESTATUS[0]}" = 0 ] || { failed+=("$name") && printf '== %s FAILED\n' "$name"; }
}

# packages NAME...: Debian's packages, where this is Debian and we may.
packages() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

system() {
    pkg-config --exists openssl 2>/dev/null || packages libssl-dev pkg-config build-essential ||
        { echo 'OpenSSL headers are missing: install libssl-dev and pkg-config' && return 1; }
    # Without these the parts that need them say that they are skipped.
    command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || packages python3 python3-venv python3-pip
    command -v node >/dev/null || packages nodejs npm
    command -v tsql >/dev/null || packages freetds-bin
    cc --version | head -1
    cargo --version
    python3 --version || true
    node --version || true
}

# Microsoft's own reader and writer, as an oracle; it comes with the folder of shared material where there is one.
dacfx() {
    if [ ! -f ../shared/tools/dacfx/setup.sh ] || [ "$(id -u)" != 0 ]; then
        echo 'SKIPPED: DacFx is not here; what it would judge is not judged in this run'
        return 0
    fi
    [ -x target/dacfx/dacfx ] || bash ../shared/tools/dacfx/setup.sh target/dacfx >target/dacfx-setup.log 2>&1 ||
        { cat target/dacfx-setup.log && return 1; }
    echo "using $(target/dacfx/dacfx collations 2>/dev/null | wc -l) collations of DacFx"
}

clients() {
    local port=14370 status
    target/debug/sqlserver-emulator --port $port --sa-password Clients-1 >target/emulator.log 2>&1 &
    local emulator=$!
    for _ in $(seq 50); do (echo >/dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.2; done
    sh tests/clients/run.sh $port Clients-1
    status=$?
    kill $emulator
    return $status
}

check system system
check formatting cargo fmt --all --check
check lints cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
check documentation env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
check dacfx dacfx
if [ -x target/dacfx/dacfx ]; then export BACPAC_DACFX="$PWD/target/dacfx/dacfx"; fi
# All of it in one build: what follows finds its programs and libraries made.
check build cargo build --workspace --lib --bins --tests --examples --locked --quiet
check clients clients
check rust sh tests/stores/run.sh cargo test --workspace --locked --no-fail-fast
check c bash tests/c/run.sh
check python bash tests/python/run.sh
check node bash tests/node/run.sh

printf '\n== all (%s s)\n' "$SECONDS"
grep -h '^SKIPPED' "$logs"/*.log | sort -u
# cargo: "test result: ok. 5 passed; 0 failed; 0 ignored"; pytest: "5 passed, 1 skipped in 2s"; node: "# pass 5";
# the C script: "5 passed, 0 failed".
awk '
    /^test result:/ { for (i = 1; i <= NF; i++) { if ($i ~ /^passed/) p += $(i-1); if ($i ~ /^failed/) f += $(i-1); if ($i ~ /^ignored/) s += $(i-1) } next }
    /^[#ℹ] pass [0-9]+$/ { p += $3 } /^[#ℹ] fail [0-9]+$/ { f += $3 } /^[#ℹ] skipped [0-9]+$/ { s += $3 }
    /^(=+ )?[0-9]+ (passed|failed|skipped|error)/ { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i-1); if ($i ~ /^(failed|error)/) f += $(i-1); if ($i ~ /^skipped/) s += $(i-1) } }
    END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$logs"/*.log
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
