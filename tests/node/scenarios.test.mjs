// Every scenario, with the calls of this language.

import { test } from 'node:test';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as bacpac from 'bacpac';
import { compare } from './compare.mjs';
import { camelCase, snakeCase } from './case.mjs';

const folder = new URL('../scenarios/', import.meta.url);
const steps = {
  inspect: ({ package: file }, call) => bacpac.inspect(file, call),
  digest: ({ package: file, table }, call) => bacpac.digest(file, table, call),
  async rows({ package: file, table: name }, call) {
    const found = await bacpac.open(file, call);
    try {
      const table = found.table(name);
      let count = 0;
      for await (const row of table.rows(call)) {
        count += 1;
        if (Object.keys(row).length !== table.columns.length) throw new Error('a row of other columns');
      }
      return { count, columns: table.columns.map((c) => c.name) };
    } finally {
      found.close();
    }
  },
  script: ({ package: file, options }, call) => bacpac.script(file, { ...camelCase(options), ...call }),
  rewrite: ({ package: file, to }, call) => bacpac.rewrite(file, to, call),
  export: ({ server, database, to, overwrite, options }, call) =>
    bacpac.exportDatabase(server, database, to, { overwrite, ...camelCase(options), ...call }),
  import: ({ from, server, database, options }, call) =>
    bacpac.importDatabase(from, server, database, { ...camelCase(options), ...call }),
  verify: ({ package: file, server, database }, call) => bacpac.verify(file, server, database, call),
  diff: ({ a, b, options }, call) => bacpac.diff(a, b, { ...camelCase(options), ...call }),
  exists: ({ path }) => ({ exists: existsSync(path) }),
  error_kinds: () => bacpac.errorKinds.map(({ name, number }) => ({ name, number })),
  'backups.list': ({ store, filter }, call) => new bacpac.Backups(store).list({ ...camelCase(filter), ...call }),
  'backups.now': ({ store, tenant, database, server, kind, note, options }, call) =>
    new bacpac.Backups(store).now(tenant, { server, database, kind, note, export: camelCase(options), ...call }),
  async 'backups.download'({ store, name, to }, call) {
    const download = await new bacpac.Backups(store).download(name, call);
    return { checked: download.checked, bytes: await download.to(to) };
  },
  async 'backups.verify'({ store, name }, call) {
    const backups = new bacpac.Backups(store);
    await backups.verify(name, call);
    return backups.manifest(name, call);
  },
  'backups.restore': ({ store, name, server, options }, call) =>
    new bacpac.Backups(store).restore(name, server, { ...camelCase(options), ...call }),
  'backups.hold': ({ store, name, reason }, call) =>
    reason === null
      ? new bacpac.Backups(store).release(name, call)
      : new bacpac.Backups(store).hold(name, { reason }, call),
  async 'backups.prune'({ store, policy, now, apply }, call) {
    const backups = new bacpac.Backups(store);
    const given = camelCase(policy);
    if (apply) return backups.prune(given, { now, ...call });
    return { plan: await backups.plan(given, { now, ...call }), report: null };
  },
};

/** An error as the core's data of it. */
function dataOf(e) {
  if (!(e instanceof bacpac.BacpacError)) throw e;
  const { code, number, message, summary, context, server, help, retryable } = e;
  const data = { kind: code, number, text: message, message: summary, context, server, help, retryable };
  return snakeCase({ ...data, server: server ?? null, help: help ?? null });
}

class Runner {
  #variables;

  constructor(dir, id) {
    const { BACPAC_SCENARIO_SERVER: server, BACPAC_SCENARIO_FILES: files } = process.env;
    this.#variables = [['$SERVER', server], ['$FILES', files], ['$DIR', dir], ['$ID', id]];
  }

  #filled(value) {
    if (typeof value === 'string') return this.#variables.reduce((text, [name, to]) => text.replaceAll(name, to), value);
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.#filled(field)]));
  }

  async step(given) {
    const step = this.#filled({ server: '$SERVER', ...given });
    const stages = [];
    const stop = new AbortController();
    const onProgress = ({ stage }) => {
      if (stages.at(-1) !== stage) stages.push(stage);
      if (stage === step.cancel_at) stop.abort(new Error('the scenario says so'));
    };
    const run = steps[step.do];
    if (!run) throw new Error(`there is no step ${step.do}`);
    let result;
    try {
      result = snakeCase(await run(step, { signal: stop.signal, onProgress }));
    } catch (e) {
      if (!step.error) throw e;
      compare(step.error, dataOf(e), 'error');
      if (step.cancel_at && e.cause !== stop.signal.reason) throw new Error('the cause is not the reason', { cause: e });
      return;
    }
    if (step.error) throw new Error(`${JSON.stringify(result)} instead of the error ${JSON.stringify(step.error)}`);
    if ('expect' in step) compare(step.expect, result, 'result');
    for (const [name, path] of Object.entries(step.save ?? {})) {
      const value = path.split('.').reduce((at, key) => at?.[key], result);
      if (typeof value !== 'string') throw new Error(`no text at ${path}`);
      this.#variables.push([`$${name}`, value]);
    }
    let at = 0;
    for (const wanted of step.progress ?? []) {
      at = stages.indexOf(wanted, at) + 1;
      if (at === 0) throw new Error(`the stage ${wanted} was not reported in its turn: ${stages}`);
    }
  }
}

const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
files.forEach((name, i) => {
  const scenario = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  test(`scenario ${name}: ${scenario.name}`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bacpac-scenario-'));
    try {
      const runner = new Runner(dir, `node_${process.pid}_${i}`);
      for (const [n, step] of scenario.steps.entries()) {
        await runner.step(step).catch((e) => {
          throw new Error(`step ${n + 1} (${step.do}): ${e.message}`, { cause: e });
        });
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

test('there are scenarios', () => {
  if (files.length === 0) throw new Error('there are none');
});
