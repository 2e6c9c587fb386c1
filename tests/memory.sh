#!/usr/bin/env bash
# Peak memory of an import and an export of a big table and of one big value:  tests/memory.sh [ROWS_MB] [BLOB_MB]
# Needs GNU time (/usr/bin/time). Prints the peak resident set of the bacpac process, which is not the server's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=${1:-2048} blob=${2:-1024} port=${PORT:-14391} driver=${DRIVER:-mssql-tds}
out=target/memory && mkdir -p "$out"
cargo build --release --quiet -p bacpac-tests -p sqlserver-emulator
cargo build --release --quiet -p bacpac-examples --example bacpac
target/release/big-package "$out/big.bacpac" "$rows" "$blob"
target/release/sqlserver-emulator --port "$port" --sa-password Memory-1 & server=$!
trap 'kill $server' EXIT
until (echo >/dev/tcp/127.0.0.1/"$port") 2>/dev/null; do sleep 0.2; done
export BACPAC_SERVER="Server=tcp:127.0.0.1,$port;User Id=sa;Password=Memory-1;TrustServerCertificate=true"
export TMPDIR="$PWD/$out/tmp" && rm -rf "$TMPDIR" && mkdir -p "$TMPDIR"
measure() {
    /usr/bin/time -f '%M KB peak, %e s' -o "$out/time" "$@"
    cat "$out/time"
}
measure target/release/examples/bacpac import "$out/big.bacpac" --database big --driver "$driver"
measure target/release/examples/bacpac export --database big "$out/again.bacpac" --overwrite --driver "$driver"
left=$(find "$TMPDIR" -type f | wc -l)
echo "$left temporary files left"
diff <(target/release/examples/bacpac digest "$out/big.bacpac") <(target/release/examples/bacpac digest "$out/again.bacpac")
echo 'the digests are equal'
