#!/bin/sh
# Tries clients that others wrote against a server on loopback.
#
#   tests/clients/run.sh PORT PASSWORD [CERTIFICATE.pem]
#
# Makes a Python environment and node_modules under target/clients. A client that cannot be had is reported as
# SKIPPED, loudly; any check that fails makes the exit status 1.
set -u
port=${1:?port} password=${2:?password} certificate=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
folder=$here/../../target/clients
mkdir -p "$folder"
failed=0 skipped=0
skip() { echo "SKIPPED: $1"; skipped=$((skipped + 1)); }
try() {
    name=$1
    shift
    if "$@"; then echo "== $name: passed"; else echo "== $name: FAILED"; failed=$((failed + 1)); fi
}
python=$folder/python/bin/python
if [ -x "$python" ] || python3 -m venv "$folder/python"; then
    for client in python-tds:pytds:python_tds.py pymssql:pymssql:py_mssql.py mssql-python:mssql_python:ms_python.py; do
        package=${client%%:*} rest=${client#*:}
        module=${rest%%:*} script=${rest#*:}
        if "$python" -c "import $module" 2>/dev/null || "$python" -m pip install -q "$package"; then
            try "$package" timeout 120 "$python" "$here/$script" "$port" "$password"
        else
            skip "$package cannot be installed"
        fi
    done
else
    skip "no Python environment"
fi
if command -v node >/dev/null; then
    [ -d "$folder/node_modules/tedious" ] || npm install --silent --no-audit --no-fund --prefix "$folder" tedious
    if [ -d "$folder/node_modules/tedious" ]; then
        NODE_PATH=$folder/node_modules
        export NODE_PATH
        try tedious timeout 120 node --no-deprecation "$here/tedious.js" "$port" "$password" $certificate
    else
        skip "tedious cannot be installed"
    fi
else
    skip "no Node"
fi
if command -v tsql >/dev/null && command -v freebcp >/dev/null; then
    try freetds sh "$here/freetds.sh" "$port" "$password" "$folder"
else
    skip "no tsql and freebcp (package freetds-bin)"
fi
echo "== $failed failed, $skipped skipped"
[ "$failed" = 0 ]
