// How long an export takes when called from Node, beside the same call from Rust, in turns against one server; and how
// many rows a second come out of a package in each way.
//
//   cargo build --release -p bacpac-node --lib --example export-time
//   BACPAC_NATIVE=BUILT target/debug/scenario-server target/node/files -- node tests/node/times.mjs PROGRAM [ROUNDS]
//
// BUILT is a copy of target/release/libbacpac_node.so that ends in .node, PROGRAM target/release/examples/export-time. Both write the database `big`; the figures are medians.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tableFromIPC } from 'apache-arrow';
import * as bacpac from 'bacpac';

const [program, rounds = '9'] = process.argv.slice(2);
const server = process.env.BACPAC_SCENARIO_SERVER;
const dir = mkdtempSync(join(tmpdir(), 'bacpac-time-'));
const rust = spawn(program, ['big', join(dir, 'rust.bacpac')], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface(rust.stdout);

async function fromRust() {
  rust.stdin.write('\n');
  const [line] = await once(lines, 'line');
  return Number(line);
}

async function fromNode() {
  const started = performance.now();
  await bacpac.exportDatabase(server, 'big', join(dir, 'node.bacpac'), { overwrite: true, onProgress: () => {} });
  return performance.now() - started;
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
await fromRust();
await fromNode();
const times = { rust: [], node: [] };
for (let i = 0; i < Number(rounds); i += 1) {
  // In turns, each first as often as the other: what else the machine does falls on both.
  const pair = [['rust', fromRust], ['node', fromNode]];
  for (const [name, time] of i % 2 ? pair : pair.toReversed()) times[name].push(await time());
}
rust.stdin.end();
rmSync(dir, { recursive: true });
const [r, n] = [median(times.rust), median(times.node)];
console.log(`export, median of ${rounds}: Rust ${r.toFixed(0)} ms, Node ${n.toFixed(0)} ms (${(((n - r) / r) * 100).toFixed(1)} %)`);

const file = await bacpac.open(join(process.env.BACPAC_SCENARIO_FILES, 'big.bacpac'));
const table = file.table('dbo', 'Big');
const ways = {
  async 'rows()'() {
    let count = 0;
    for await (const _ of table.rows()) count += 1;
    return count;
  },
  async 'batches()'() {
    let count = 0;
    for await (const rows of table.batches()) count += rows.length;
    return count;
  },
  async 'toArrowIPC(), tableFromIPC()'() {
    return tableFromIPC(await table.toArrowIPC()).numRows;
  },
  async 'digest()'() {
    return Number((await table.digest()).rows);
  },
};
for (const [name, read] of Object.entries(ways)) {
  await read();
  const started = performance.now();
  const count = await read();
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: ${count} rows in ${seconds.toFixed(2)} s, ${Math.round(count / seconds)} rows/s`);
}
