// Errors are of their own classes, and say what, where and what to do.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import * as bacpac from 'bacpac';
import { acmecorp, files, folder, server } from './place.mjs';

test('every kind of error has a class of its own', () => {
  assert.equal(bacpac.errorKinds.length, 28);
  assert.equal(new Set(bacpac.errorKinds.map((kind) => kind.class)).size, bacpac.errorKinds.length);
  for (const kind of bacpac.errorKinds) {
    assert.notEqual(kind.class, bacpac.BacpacError, kind.name);
    assert.ok(kind.class.prototype instanceof bacpac.BacpacError, kind.name);
    const name = `${kind.name.replace(/(^|_)([a-z])/g, (_, __, c) => c.toUpperCase())}Error`;
    assert.equal(bacpac[name], kind.class);
  }
});

test('what, where, and what to do', async () => {
  const error = await bacpac.exportDatabase(`${server};Password=wrong`, 'acmecorp', join(folder(), 'x')).catch((e) => e);
  assert.ok(error instanceof bacpac.LoginError && error instanceof Error);
  assert.equal(error.code, 'login');
  assert.equal(error.number, 17);
  assert.equal(error.name, 'LoginError');
  assert.equal(error.server.number, 18456);
  assert.equal(error.retryable, false);
  assert.equal(error.context.database, 'acmecorp');
  assert.ok(!('column' in error.context));
  assert.match(error.stack, /errors\.test\.mjs/);
  assert.ok(!JSON.stringify(error).includes('wrong') && !error.stack.includes('Password=wrong'));
  const damaged = await bacpac.digest(join(files, 'wrong-byte.bacpac'), 'dbo.Items').catch((e) => e);
  assert.ok(damaged instanceof bacpac.ArchiveError);
  assert.equal(damaged.context.object, '[dbo].[Items]');
  const missing = await bacpac.open('/no/such/file.bacpac').catch((e) => e);
  assert.ok(missing instanceof bacpac.NotFoundError);
});

test('options that the library does not have are refused by name', async () => {
  const options = { paralelism: 2 };
  const error = await bacpac.exportDatabase(server, 'acmecorp', join(folder(), 'x'), options).catch((e) => e);
  assert.ok(error instanceof bacpac.InvalidArgumentError);
  assert.match(error.message, /paralelism/);
});

test('arguments of wrong types are a TypeError', async () => {
  await assert.rejects(bacpac.open(7), TypeError);
  await assert.rejects(bacpac.open(Readable.from([])), { name: 'TypeError', message: /stream cannot be read by ranges/ });
  await assert.rejects(bacpac.exportDatabase(server, 'acmecorp', {}), TypeError);
  await assert.rejects(bacpac.exportDatabase(server, 7, join(folder(), 'x')), TypeError);
});

test('an error of storage of the caller is the cause of ours', async () => {
  const mine = new Error('the disk is on fire');
  const failing = { size: 100_000, read: () => Promise.reject(mine) };
  const error = await bacpac.open(failing).catch((e) => e);
  assert.ok(error instanceof bacpac.StorageError);
  assert.match(error.message, /the disk is on fire/);
  assert.equal(error.cause, mine);
  const short = await bacpac.open({ size: 100_000, read: () => new Uint8Array(3) }).catch((e) => e);
  assert.ok(short instanceof bacpac.StorageError);
  const gone = Object.assign(new Error('gone'), { code: 'ENOENT' });
  const thrown = await bacpac.open({ size: 100, read: () => { throw gone; } }).catch((e) => e);
  assert.ok(thrown instanceof bacpac.NotFoundError);
  let aborted = 0;
  const sink = { write: () => Promise.reject(mine), complete() {}, abort: () => void (aborted += 1) };
  const unwritten = await bacpac.rewrite(acmecorp, sink).catch((e) => e);
  assert.equal(unwritten.cause, mine);
  assert.equal(aborted, 1);
});

test('a preflight names what stands in the way, and so does the error of an export', async () => {
  const policy = { set: 'azure' };
  const { ok, findings } = await bacpac.preflightExport(server, 'acmecorp', { policy });
  assert.equal(ok, !findings.some((f) => f.severity === 'error'));
  const refused = { selection: { excludeTables: ['dbo.Items'], dependents: 'refuse' } };
  const report = await bacpac.preflightExport(server, 'acmecorp', refused);
  assert.equal(report.ok, false);
  const error = await bacpac.exportDatabase(server, 'acmecorp', join(folder(), 'x'), refused).catch((e) => e);
  assert.ok(error instanceof bacpac.BacpacError);
  assert.deepEqual(
    error.findings.map((f) => f.code),
    report.findings.map((f) => f.code),
  );
});
