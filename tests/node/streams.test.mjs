// Packages out of and into streams, and downloads as streams.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import * as bacpac from 'bacpac';
import { acmecorp, folder, name, server } from './place.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('an export goes into a stream of Node, of the web, and a sink of the caller', async () => {
  const file = join(folder(), 'a.bacpac');
  const report = await bacpac.exportDatabase(server, 'acmecorp', createWriteStream(file));
  assert.equal(report.sha256, sha256(readFileSync(file)));
  assert.equal(report.packageBytes, BigInt(statSync(file).size));
  const through = new PassThrough({ highWaterMark: 1000 });
  const [received, sent] = await Promise.all([
    through.toArray(),
    bacpac.exportDatabase(server, 'acmecorp', through),
  ]);
  assert.equal(sent.sha256, sha256(Buffer.concat(received)));
  const pieces = [];
  let completed = 0;
  const own = { write: async (bytes) => void pieces.push(bytes), complete: () => void (completed += 1), abort() {} };
  const third = await bacpac.exportDatabase(server, 'acmecorp', own);
  assert.equal(third.sha256, sha256(Buffer.concat(pieces)));
  assert.equal(completed, 1);
  const imported = await bacpac.importDatabase(Buffer.concat(pieces), server, name());
  assert.equal(imported.rows, 2652n);
});

test('a slow stream is waited for, and is not asked to hold the package', async () => {
  let most = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(bytes, _, done) {
      most = Math.max(most, this.writableLength);
      setTimeout(done, 5);
    },
  });
  await bacpac.rewrite(acmecorp, slow);
  assert.ok(most < 1 << 20, `${most} bytes waited`);
});

test('a stream that fails, or is closed by somebody else, ends the export', async () => {
  const mine = new Error('the pipe broke');
  const failing = new Writable({ write: (_, __, done) => done(mine) });
  const error = await bacpac.exportDatabase(server, 'acmecorp', failing).catch((e) => e);
  assert.ok(error instanceof bacpac.StorageError);
  assert.equal(error.cause, mine);
  const stuck = new Writable({ write() {} });
  setTimeout(() => stuck.destroy(), 300);
  await assert.rejects(bacpac.exportDatabase(server, 'acmecorp', stuck), bacpac.StorageError);
});

test('a download is a stream of Node and of the web, an iterable, and a file', async () => {
  const dir = folder();
  const backups = new bacpac.Backups(join(dir, 'store'));
  const { backup } = await backups.now('acme', { server, database: 'acmecorp', note: 'by hand', requestedBy: 'ann' });
  const whole = readFileSync(join(dir, 'store', backup.name));
  const download = () => backups.download(backup.name);
  const first = await download();
  assert.deepEqual([first.fileName, first.size, first.remaining, first.checked], [backup.name, backup.size, backup.size, true]);
  assert.deepEqual(Buffer.concat(await first.readable().toArray()), whole);
  const web = new Response((await download()).stream());
  assert.deepEqual(Buffer.from(await web.arrayBuffer()), whole);
  const pieces = [];
  for await (const bytes of await download()) pieces.push(bytes);
  assert.deepEqual(Buffer.concat(pieces), whole);
  assert.equal(await (await download()).to(join(dir, 'copy.bacpac')), backup.size);
  assert.deepEqual(readFileSync(join(dir, 'copy.bacpac')), whole);
  await pipeline((await download()).readable(), createWriteStream(join(dir, 'piped.bacpac')));
  assert.deepEqual(readFileSync(join(dir, 'piped.bacpac')), whole);
  const part = await backups.download(backup.name, { start: 10, end: 20n, eTag: first.eTag });
  assert.equal(part.checked, false);
  assert.deepEqual(Buffer.concat(await Readable.from(part).toArray()), whole.subarray(10, 20));
  const used = await download();
  await used.to(join(dir, 'once.bacpac'));
  await assert.rejects(used.to(join(dir, 'twice.bacpac')), bacpac.InvalidArgumentError);
  const reader = (await download()).stream().getReader();
  await reader.cancel();
  const manifest = await backups.manifest(backup.name);
  assert.deepEqual([manifest.note, manifest.requestedBy, manifest.rows], ['by hand', 'ann', 2652n]);
  const check = await backups.verify(backup.name);
  assert.deepEqual([check.faults, check.compared, check.rows], [[], true, 2652n]);
  await assert.rejects(backups.link(backup.name, 60), bacpac.UnsupportedError);
  const [decision] = await backups.plan({ days: 1 }, { now: new Date('2099-01-01') });
  assert.equal(decision.remove, false);
  assert.deepEqual(readdirSync(dir).filter((f) => f.startsWith('.')), []);
});
