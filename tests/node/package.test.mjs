// What npm is given: packed, installed into an empty folder, and run there as a user would.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { acmecorp, folder, name, server } from './place.mjs';

const root = new URL('../..', import.meta.url).pathname;
const source = join(root, 'bacpac-node');
const { here } = createRequire(import.meta.url)(join(source, 'dist/platforms.js'));
const { BACPAC_NATIVE: binary, ...rest } = process.env;
const env = { ...rest, BACPAC_SERVER: server };
const run = (program, args, cwd) => promisify(execFile)(program, args, { cwd, env, maxBuffer: 1 << 26 });
const installed = folder();
const packs = folder();

before(async () => {
  const { stdout } = await run(process.execPath, [join(source, 'scripts/pack.mjs'), packs, `${here().name}=${binary}`], root);
  const tarballs = stdout.trim().split('\n');
  assert.equal(tarballs.length, 2);
  // Offline: the package needs nothing else of a registry. (The other platforms are optional, and not there.)
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], installed);
});

test('the packed package is small, and has all it needs', async () => {
  const files = readdirSync(join(installed, 'node_modules/bacpac'));
  assert.deepEqual(files.sort(), ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'dist', 'package.json']);
  const manifest = JSON.parse(readFileSync(join(installed, 'node_modules/bacpac/package.json'), 'utf8'));
  assert.equal(manifest.dependencies, undefined);
  assert.equal(Object.keys(manifest.optionalDependencies).length, 6);
});

for (const file of ['quickstart.mjs', 'quickstart.cjs']) {
  test(`${file} runs from the installed package`, async (t) => {
    copyFileSync(join(source, 'examples', file), join(installed, file));
    const { stdout } = await run(process.execPath, [file, 'acmecorp', name()], installed);
    assert.match(stdout, /the same rows in all 9 tables/);
    t.diagnostic(stdout.trim().split('\n').at(-1));
  });
}

test('both ways of loading give one library', async () => {
  const text = `import * as a from 'bacpac'; import { createRequire } from 'node:module';
    const b = createRequire(import.meta.url)('bacpac');
    const error = await a.open('/no/such/file').catch((e) => e);
    console.log(error instanceof b.NotFoundError, Object.keys(b).filter((k) => !(k in a)).join());`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], installed);
  assert.equal(stdout, 'true \n');
});

test('the types hold under the strictest settings, for both kinds of modules', async () => {
  for (const file of ['esm.mts', 'cjs.cts', 'tsconfig.json']) {
    copyFileSync(join(root, 'tests/node/types', file), join(installed, file));
  }
  const types = join(source, 'node_modules/@types');
  mkdirSync(join(installed, 'node_modules/@types'), { recursive: true });
  symlinkSync(join(types, 'node'), join(installed, 'node_modules/@types/node'));
  const tsc = join(source, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.json'], installed).catch((e) => assert.fail(e.stdout));
});

test('a missing binary is named', async () => {
  const bare = folder();
  const tarball = readdirSync(packs).find((f) => /^bacpac-\d/.test(f));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(packs, tarball)], bare);
  const error = await run(process.execPath, ['--eval', "require('bacpac')"], bare).catch((e) => e);
  assert.match(error.stderr, new RegExp(`@bacpac/${here().name}.* is not installed`));
});

test('every example of the cookbook runs', async (t) => {
  const text = readFileSync(join(root, 'docs/node.md'), 'utf8');
  const examples = [...text.matchAll(/^## (.*)$|^```js\n([\s\S]*?)^```$/gm)];
  copyFileSync(acmecorp, join(installed, 'acmecorp.bacpac'));
  const modules = join(installed, 'node_modules');
  for (const dependency of ['apache-arrow', 'tslib', 'flatbuffers']) {
    try {
      symlinkSync(join(source, 'node_modules', dependency), join(modules, dependency));
    } catch (e) {
      if (e.code !== 'EEXIST') throw e;
    }
  }
  let title = '';
  let count = 0;
  for (const [, heading, code] of examples) {
    if (heading) title = heading;
    if (!code) continue;
    count += 1;
    const file = `example-${count}.mjs`;
    writeFileSync(join(installed, file), code);
    await t.test(`${title} (${count})`, () => run(process.execPath, [file], installed));
  }
  assert.ok(count >= 12, `${count} examples`);
});

test('the command works', async () => {
  const command = join(installed, 'node_modules/.bin/bacpac');
  const inspected = JSON.parse((await run(command, ['inspect', acmecorp, '--json'], installed)).stdout);
  assert.equal(inspected.rows, 2652);
  const rows = (await run(command, ['rows', acmecorp, 'ledger.Accounts'], installed)).stdout.trim().split('\n');
  assert.equal(rows.length, 40);
  const [file, copy] = [join(installed, 'command.bacpac'), name()];
  const exported = await run(command, ['export', file, '--database', 'acmecorp', '--compression', 'fast'], installed);
  assert.match(exported.stdout, /exported 9 tables, 2652 rows/);
  await run(command, ['import', file, '--database', copy, '--parallelism', '2'], installed);
  await run(command, ['verify', file, '--database', copy], installed);
  assert.match((await run(command, ['digest', file], installed)).stdout, /"sha256"/);
  assert.match((await run(command, ['script', file], installed)).stdout, /CREATE TABLE/);
  assert.equal(JSON.parse((await run(command, ['diff', file, acmecorp], installed)).stdout).same, true);
  for (const [args, code] of [[['help'], 0], [['nothing'], 2], [['inspect'], 2], [['inspect', '/no/file'], 1], [['inspect', file, '--nothing'], 2]]) {
    const ended = await run(command, args, installed).then(() => 0, (e) => e.code);
    assert.equal(ended, code, args.join(' '));
  }
});
