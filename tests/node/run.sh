#!/usr/bin/env bash
# The Node package: built, checked by the TypeScript compiler, tested, packed, installed, and run as a user would.
# Leaves what it makes under target/node and in folders named node_modules. Needs Node 20.3 or newer and npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo 'SKIPPED: Node is not here; the Node package is not tried in this run'
    exit 0
fi
profile=${BACPAC_NODE_PROFILE:-dev}
built=target/$([ "$profile" = dev ] && echo debug || echo "$profile")
# As tests/run.sh builds it: fewer packages would be built with other features, and so anew.
cargo build --quiet --locked --workspace --lib --bins --tests --examples
[ "$profile" = dev ] || cargo build --quiet --locked --profile "$profile" -p bacpac-node
mkdir -p target/node tests/node/node_modules
for library in libbacpac_node.so libbacpac_node.dylib; do
    [ ! -f "$built/$library" ] || cp "$built/$library" target/node/bacpac.node
done
export BACPAC_NATIVE=$PWD/target/node/bacpac.node

(cd bacpac-node && npm install --silent --no-audit --no-fund --no-package-lock && rm -rf dist && npm run --silent build)
ln -sfn ../../../bacpac-node tests/node/node_modules/bacpac
ln -sfn ../../../bacpac-node/node_modules/apache-arrow tests/node/node_modules/apache-arrow
target/debug/scenario-server target/node/files -- node --test tests/node/*.test.mjs
