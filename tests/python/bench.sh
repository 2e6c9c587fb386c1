#!/usr/bin/env bash
# Figures of Python beside those of Rust, in one run, from release builds: a table of 1,000,000 rows and more into a polars
# frame, and an export. Run `tests/python/run.sh` first, for its environments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$PWD/target/python
file=${TMPDIR:-/tmp}/bacpac-bench-$$.bacpac
trap 'rm -f "$file" "$file".*' EXIT

"$work/tools/bin/maturin" build -q --release -m bacpac-py/Cargo.toml --locked -o "$work/release" --auditwheel skip
"$work/tests/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$work"/release/bacpac-*.whl
cargo build --quiet --release --locked -p bacpac-benches --example table
cargo build --quiet --release --locked -p bacpac-examples --example bacpac
cargo build --quiet --release --locked -p bacpac-tests --bins

# About 250 bytes a row.
target/release/big-package "$file" 256
target/release/examples/table "$file" dbo.Big
"$work/tests/bin/python" tests/python/bench.py table "$file" dbo.Big

# shellcheck disable=SC2016
target/release/scenario-server "$file.files" -- bash -c '
    for i in 1 2 3 4 5; do
        target/release/examples/bacpac export --server "$BACPAC_SCENARIO_SERVER" --database big --overwrite --json "$0.rust" |
            grep -o "\"seconds\":[0-9.]*" | tail -1 | sed "s/^/rust export: /"
    done
    "$1/tests/bin/python" tests/python/bench.py export "$BACPAC_SCENARIO_SERVER" big "$0.python"' "$file" "$work"
rm -rf "$file.files"
