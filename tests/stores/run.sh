#!/bin/sh
# The store tests, on memory, a local disk, a real S3 server (moto) and a real Azure server (azurite) on loopback.
#
#   tests/stores/run.sh [COMMAND ARGUMENT...]
#
# With a COMMAND it runs that with the servers up instead, e.g. all tests of the workspace.
# Makes a Python environment and node_modules under target/stores. A server that cannot be had is reported as SKIPPED,
# loudly; the checks then run on the other stores. The keys below are the servers' own, published ones.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$root/target/stores
mkdir -p "$folder"
servers=
trap 'for server in $servers; do kill "$server" 2>/dev/null; done' EXIT INT TERM
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# listens PORT PID: waits until the server answers; fails if it ends instead.
listens() {
    for _ in $(seq 150); do
        python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null && return 0
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.2
    done
    return 1
}

python=$folder/python/bin/python
if ! command -v python3 >/dev/null; then
    echo 'SKIPPED: no Python, so no S3 server'
elif ! { [ -x "$python" ] || python3 -m venv "$folder/python"; } ||
    ! { "$python" -c 'import moto, flask' 2>/dev/null || "$python" -m pip install -q 'moto[server]>=5.1,<6'; }; then
    echo 'SKIPPED: moto cannot be installed, so there is no S3 server'
else
    port=$(free_port)
    "$folder/python/bin/moto_server" -H 127.0.0.1 -p "$port" >"$folder/moto.log" 2>&1 &
    moto=$!
    servers="$servers $moto"
    if listens "$port" "$moto"; then
        python3 - "$port" <<'EOF'
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/backups", method="PUT"))
EOF
        export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_ALLOW_HTTP=true
        export AWS_ENDPOINT_URL="http://127.0.0.1:$port" BACPAC_TEST_S3=s3://backups
        echo "== S3: moto $("$python" -c 'import moto; print(moto.__version__)') on port $port"
    else
        echo 'SKIPPED: moto does not start, so there is no S3 server' && tail -5 "$folder/moto.log"
    fi
fi

if ! command -v node >/dev/null; then
    echo 'SKIPPED: no Node, so no Azure server'
elif ! { [ -d "$folder/node_modules/azurite" ] ||
    npm install --silent --no-audit --no-fund --prefix "$folder" 'azurite@3'; }; then
    echo 'SKIPPED: azurite cannot be installed, so there is no Azure server'
else
    port=$(free_port)
    node "$folder/node_modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$port" \
        --inMemoryPersistence --skipApiVersionCheck --silent --disableTelemetry >"$folder/azurite.log" 2>&1 &
    azurite=$!
    servers="$servers $azurite"
    export AZURE_STORAGE_ACCOUNT_NAME=devstoreaccount1
    export AZURE_STORAGE_ACCOUNT_KEY='Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
    if listens "$port" "$azurite" && python3 "$here/container.py" "$port" backups; then
        export AZURE_STORAGE_ENDPOINT="http://127.0.0.1:$port/devstoreaccount1" AZURE_ALLOW_HTTP=true
        export BACPAC_TEST_AZURE=az://backups
        version=$(node -p "require('$folder/node_modules/azurite/package.json').version")
        echo "== Azure: azurite $version on port $port"
    else
        echo 'SKIPPED: azurite does not start, so there is no Azure server' && tail -5 "$folder/azurite.log"
    fi
fi

cd "$root" || exit 1
if [ $# -gt 0 ]; then
    "$@"
else
    cargo test --quiet --locked -p bacpac-tests --test stores
fi
