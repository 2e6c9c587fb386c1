#!/usr/bin/env bash
# The Python package: built as a wheel, installed into an empty environment, its quickstart run, its tests, its types.
# Makes its environments under target/python; ends with pytest's closing line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD work=$PWD/target/python
# Debug builds are what the rest of the checks have built already; `release` is for figures.
profile=${BACPAC_PYTHON_PROFILE:-dev}
python=${PYTHON:-python3}

say() { printf -- '-- python: %s\n' "$*"; }

say 'tools'
mkdir -p "$work"
[ -x "$work/tools/bin/python" ] || "$python" -m venv "$work/tools"
"$work/tools/bin/pip" install -q --disable-pip-version-check -r tests/python/requirements-tools.txt

say "wheel ($profile)"
rm -rf "$work/wheels"
"$work/tools/bin/maturin" build -q --profile "$profile" -m bacpac-py/Cargo.toml --locked -o "$work/wheels" --auditwheel skip

say 'an empty environment'
rm -rf "$work/empty"
"$python" -m venv "$work/empty"
"$work/empty/bin/pip" install -q --disable-pip-version-check --no-index "$work"/wheels/bacpac-*.whl

say 'server and files'
# The same selection as in tests/run.sh: with another, cargo would build the core again with other features.
cargo build --quiet --locked --workspace --lib --bins --tests --examples
server="$root/target/debug/scenario-server"
files=$(mktemp -d "${TMPDIR:-/tmp}/bacpac-python.XXXXXX")
trap 'rm -rf "$files"' EXIT

say 'quickstart'
"$server" "$files" -- "$work/empty/bin/python" tests/python/quickstart.py

say 'types'
[ -x "$work/tests/bin/python" ] || "$python" -m venv "$work/tests"
"$work/tests/bin/pip" install -q --disable-pip-version-check -r tests/python/requirements.txt
"$work/tests/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$work"/wheels/bacpac-*.whl
(cd tests/python && "$work/tests/bin/mypy" --strict --cache-dir "$work/mypy" -p bacpac && "$work/tests/bin/mypy" --strict \
    --cache-dir "$work/mypy" ./*.py)
for part in tests/python bacpac-py/python; do
    "$work/tests/bin/pyright" -p "$part" --pythonpath "$work/tests/bin/python"
done

say 'tests'
"$server" "$files" -- "$work/tests/bin/python" -m pytest -q -p no:cacheprovider tests/python
