// Cancelling, by whatever means: within a second, and nothing half-made is left.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import * as bacpac from 'bacpac';
import { acmecorp, big, folder, name, server } from './place.mjs';

/** Aborts at the first rows; how long the promise took from then on, and what it came to. */
async function aborted(operation) {
  const stop = new AbortController();
  let at;
  const onProgress = ({ stage, rows }) => {
    if (stage !== 'rows' || rows === 0n || at) return;
    at = performance.now();
    stop.abort(new Error('no more'));
  };
  const error = await operation({ signal: stop.signal, onProgress }).then(
    () => assert.fail('it was not cancelled'),
    (e) => e,
  );
  const milliseconds = performance.now() - at;
  assert.ok(error instanceof bacpac.CancelledError, String(error));
  assert.equal(error.name, 'AbortError');
  assert.equal(error.code, 'cancelled');
  assert.equal(error.cause, stop.signal.reason);
  return milliseconds;
}

const isThere = (database) =>
  bacpac.preflightExport(server, database).then(
    () => true,
    (e) => {
      if (e instanceof bacpac.DatabaseNotFoundError) return false;
      throw e;
    },
  );

test('an aborted export returns within a second and leaves nothing', async (t) => {
  const dir = folder();
  const took = await aborted((call) => bacpac.exportDatabase(server, 'big', join(dir, 'big.bacpac'), call));
  t.diagnostic(`export: ${took.toFixed(0)} ms from abort to rejection`);
  assert.ok(took < 1000, `${took} ms`);
  assert.deepEqual(readdirSync(dir), []);
});

test('an aborted import returns within a second and leaves nothing', async (t) => {
  const database = name();
  const took = await aborted((call) => bacpac.importDatabase(big, server, database, call));
  t.diagnostic(`import: ${took.toFixed(0)} ms from abort to rejection`);
  assert.ok(took < 1000, `${took} ms`);
  assert.equal(await isThere(database), false);
});

test('an aborted export into a stream destroys it, and into a sink of the caller aborts it', async () => {
  const through = new PassThrough();
  through.resume();
  await aborted((call) => bacpac.exportDatabase(server, 'big', through, call));
  assert.equal(through.destroyed, true);
  let reason;
  const web = new WritableStream({ abort: (why) => void (reason = why) });
  await aborted((call) => bacpac.exportDatabase(server, 'big', web, call));
  assert.ok(reason instanceof Error);
  const seen = [];
  const own = { write: () => void seen.push('write'), complete: () => void seen.push('complete'), abort: () => void seen.push('abort') };
  await aborted((call) => bacpac.exportDatabase(server, 'big', own, call));
  assert.equal(seen.at(-1), 'abort');
  assert.ok(!seen.includes('complete'));
});

test('a signal that was aborted before stops everything before it begins', async () => {
  const dir = folder();
  const signal = AbortSignal.abort(new Error('before'));
  for (const operation of [
    () => bacpac.open(acmecorp, { signal }),
    () => bacpac.exportDatabase(server, 'acmecorp', join(dir, 'x.bacpac'), { signal }),
    () => bacpac.importDatabase(acmecorp, server, name(), { signal }),
    () => bacpac.verify(acmecorp, server, 'acmecorp', { signal }),
    () => bacpac.rewrite(acmecorp, join(dir, 'x.bacpac'), { signal }),
    () => bacpac.diff(acmecorp, acmecorp, { signal }),
    () => bacpac.preflightExport(server, 'acmecorp', { signal }),
    () => new bacpac.Backups(join(dir, 'store')).list({ signal }),
  ]) {
    await assert.rejects(operation(), (e) => e instanceof bacpac.CancelledError && e.cause.message === 'before');
  }
  assert.deepEqual(readdirSync(dir), []);
});

test('a signal that times out is told from one that was aborted', async () => {
  const signal = AbortSignal.timeout(30);
  const error = await bacpac.exportDatabase(server, 'big', join(folder(), 'x.bacpac'), { signal }).catch((e) => e);
  assert.ok(error instanceof bacpac.CancelledError);
  assert.equal(error.cause.name, 'TimeoutError');
});

test('what onProgress throws ends the operation, and is what it rejects with', async () => {
  const dir = folder();
  const mine = new Error('enough seen');
  const onProgress = ({ stage }) => {
    if (stage === 'rows') throw mine;
  };
  await assert.rejects(bacpac.exportDatabase(server, 'big', join(dir, 'big.bacpac'), { onProgress }), (e) => e === mine);
  assert.deepEqual(readdirSync(dir), []);
});

const programs = new URL('./programs/', import.meta.url);

function run(program, ...args) {
  const child = spawn(process.execPath, [new URL(program, programs).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
  return { child, ended: once(child, 'close') };
}

test('a process that exits in the middle of an export leaves nothing', async () => {
  const dir = folder();
  const [code] = await run('exits.mjs', join(dir, 'big.bacpac')).ended;
  assert.equal(code, 5);
  assert.deepEqual(readdirSync(dir), []);
  // With storage of its own there is nobody to ask any more: nothing waits for it.
  const started = performance.now();
  assert.equal((await run('exits.mjs').ended)[0], 5);
  assert.ok(performance.now() - started < 8_000);
});

test('a worker that is terminated in the middle of an import leaves nothing', async () => {
  const database = name();
  const worker = new Worker(new URL('worker.mjs', programs), { workerData: { big, server, database } });
  const [message] = await once(worker, 'message');
  assert.equal(message, 'rows');
  await worker.terminate();
  assert.equal(await isThere(database), false);
});

test('an open package and progress do not keep a process alive', async () => {
  const started = performance.now();
  const { child, ended } = run('idles.mjs', acmecorp);
  let text = '';
  child.stdout.on('data', (bytes) => (text += bytes));
  const [code] = await ended;
  assert.equal(code, 0);
  assert.equal(text.trim(), '2652');
  assert.ok(performance.now() - started < 10_000);
});
