#!/usr/bin/env node
// The command `bacpac`. Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 something differs; 130 cancelled.

import { parseArgs, type ParseArgsConfig } from 'node:util';
import * as bacpac from './index.js';

type Values = Record<string, string | boolean | string[] | undefined>;
type Command = { usage: string; about: string; flags: NonNullable<ParseArgsConfig['options']>; run: Run };
type Run = (places: string[], values: Values, call: bacpac.ProgressOptions) => Promise<number | void>;

const server = { server: { type: 'string' }, database: { type: 'string' }, driver: { type: 'string' } } as const;
const json = { json: { type: 'boolean' } } as const;
const parallelism = { parallelism: { type: 'string' } } as const;
const skips = {
  'skip-unsupported': { type: 'boolean' },
  'skip-permissions': { type: 'boolean' },
  'skip-users': { type: 'boolean' },
} as const;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const shown = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
const warn = (warnings: readonly bacpac.Warning[]): void => {
  for (const { code, object, message } of warnings) {
    process.stderr.write(`warning: ${code}: ${object ? `${object}: ` : ''}${message}\n`);
  }
};

class Usage extends Error {}

function target(values: Values): [bacpac.Server, string] {
  const connectionString = (values['server'] as string | undefined) ?? process.env['BACPAC_SERVER'];
  const database = values['database'] as string | undefined;
  if (!connectionString) throw new Usage('--server is missing, and BACPAC_SERVER is not set');
  if (!database) throw new Usage('--database is missing');
  const driver = values['driver'] as 'mssql-tds' | 'tiberius' | undefined;
  return [driver ? { connectionString, driver } : connectionString, database];
}

/** The flags that are options of the library, by their names there. */
function options(values: Values, ...names: string[]): Record<string, unknown> {
  const numbers = new Set(['parallelism', 'examples']);
  const given = names.filter((name) => values[name] !== undefined);
  const camel = (name: string): string => name.replace(/-(.)/g, (_, c: string) => c.toUpperCase());
  const value = (name: string): unknown => {
    if (!numbers.has(name)) return values[name];
    if (!/^\d+$/.test(String(values[name]))) throw new Usage(`--${name} is a number`);
    return Number(values[name]);
  };
  return Object.fromEntries(given.map((name) => [camel(name), value(name)]));
}

const commands: Record<string, Command> = {
  inspect: {
    usage: 'FILE [--json]',
    about: 'what a .bacpac or .dacpac holds: where it comes from, its tables, its objects',
    flags: json,
    async run([file = ''], values, call) {
      const found = await bacpac.inspect(file, call);
      if (values['json']) return print(shown(found));
      print(`${found.kind} ${found.name ?? ''}, ${found.platform}, ${found.rows ?? '?'} rows, ${found.rowBytes} bytes of rows`);
      for (const t of found.tables) print(`[${t.schema}].[${t.table}]: ${t.columns.length} columns, ${t.bytes} bytes`);
    },
  },
  rows: {
    usage: 'FILE TABLE',
    about: 'the rows of a table, a line of JSON each; binary values in hexadecimal, bigint as text',
    flags: {},
    async run([file = '', table = ''], _, call) {
      const found = await bacpac.open(file, call);
      const exact = (value: bacpac.Value): unknown =>
        Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : typeof value === 'bigint' ? String(value) : value;
      for await (const batch of found.table(table).batches(call)) {
        const line = (row: bacpac.Row): string =>
          JSON.stringify(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, exact(value)])));
        const text = `${batch.map(line).join('\n')}\n`;
        if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    },
  },
  digest: {
    usage: 'FILE',
    about: 'a line of JSON for each table: rows, SHA-256 over the canonical text',
    flags: {},
    async run([file = ''], _, call) {
      const found = await bacpac.open(file, call);
      for (const table of found.tables()) {
        print(shown({ schema: table.schema, table: table.name, ...(await table.digest(call)) }));
      }
    },
  },
  script: {
    usage: 'FILE [--skip-unsupported] [--skip-permissions] [--skip-users]',
    about: 'the whole schema as T-SQL, in the order in which it can be run',
    flags: skips,
    async run([file = ''], values, call) {
      const found = await bacpac.script(file, { ...options(values, ...Object.keys(skips)), ...call });
      warn(found.warnings);
      process.stdout.write(found.text);
    },
  },
  rewrite: {
    usage: 'IN OUT [--overwrite]',
    about: 'the package written anew',
    flags: { overwrite: { type: 'boolean' } },
    async run([from = '', to = ''], values, call) {
      const report = await bacpac.rewrite(from, to, { ...options(values, 'overwrite'), ...call });
      warn(report.warnings);
      print(`rewrote ${report.tables.length} tables to ${to} (${report.packageBytes} bytes)`);
    },
  },
  export: {
    usage: 'OUT --server S --database D [--overwrite] [--consistency C] [--compression C] [--skip-...] [--json]',
    about: 'a database to a file',
    flags: { ...server, ...json, ...skips, ...parallelism, overwrite: { type: 'boolean' }, consistency: { type: 'string' }, compression: { type: 'string' } },
    async run([to = ''], values, call) {
      const names = [...Object.keys(skips), 'parallelism', 'overwrite', 'consistency', 'compression'];
      const report = await bacpac.exportDatabase(...target(values), to, { ...options(values, ...names), ...call });
      warn(report.warnings);
      if (values['json']) return print(shown(report));
      const { tables, rows, packageBytes, consistency, seconds } = report;
      print(`exported ${tables.length} tables, ${rows} rows to ${to} (${packageBytes} bytes, consistency: ${consistency}) in ${seconds.toFixed(1)} s`);
    },
  },
  import: {
    usage: 'IN --server S --database D [--skip-...] [--keep-on-failure] [--json]',
    about: 'a file as a new database',
    flags: { ...server, ...json, ...skips, ...parallelism, 'keep-on-failure': { type: 'boolean' } },
    async run([from = ''], values, call) {
      const names = [...Object.keys(skips), 'parallelism', 'keep-on-failure'];
      const report = await bacpac.importDatabase(from, ...target(values), { ...options(values, ...names), ...call });
      warn(report.warnings);
      if (values['json']) return print(shown(report));
      print(`imported ${report.tables.length} tables, ${report.rows} rows as ${report.database} in ${report.seconds.toFixed(1)} s`);
    },
  },
  verify: {
    usage: 'FILE --server S --database D [--json]',
    about: 'a file beside a database: the same rows in every table, the same model',
    flags: { ...server, ...json },
    async run([file = ''], values, call) {
      const found = await bacpac.verify(file, ...target(values), call);
      if (values['json']) print(shown(found));
      else {
        for (const { object, what } of found.differences) print(`${object}: ${what}`);
        print(`${found.tables.length} tables compared, ${found.differences.length} differences`);
      }
      return found.same ? 0 : 3;
    },
  },
  diff: {
    usage: 'LEFT RIGHT [--scope all|schema|rows] [--examples N]',
    about: 'what differs between two files, as JSON',
    flags: { scope: { type: 'string' }, examples: { type: 'string' } },
    async run([left = '', right = ''], values, call) {
      const found = await bacpac.diff(left, right, { ...options(values, 'scope', 'examples'), ...call });
      print(shown(found));
      return found.same ? 0 : 3;
    },
  },
};

function help(): string {
  const lines = Object.entries(commands).map(([name, { usage, about }]) => `  bacpac ${name} ${usage}\n      ${about}`);
  return `${lines.join('\n')}\n\nS is an ADO.NET connection string; it may stand in BACPAC_SERVER instead.`;
}

async function main([name = 'help', ...rest]: string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const asked = ['help', '--help', '-h'].includes(name);
    (asked ? process.stdout : process.stderr).write(`${help()}\n`);
    return asked ? 0 : 2;
  }
  const stop = new AbortController();
  // The first asks it to stop and clean up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  try {
    const { values, positionals } = parseArgs({ args: rest, options: command.flags, allowPositionals: true });
    const wanted = command.usage.split(' ').filter((word) => /^[A-Z]+$/.test(word) && word.length > 1).length;
    if (positionals.length !== wanted) throw new Usage(`it is: bacpac ${name} ${command.usage}`);
    return (await command.run(positionals, values as Values, { signal: stop.signal })) ?? 0;
  } catch (e) {
    if (e instanceof Usage || (e as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) {
      process.stderr.write(`error: ${(e as Error).message}\n`);
      return 2;
    }
    const known = e instanceof bacpac.BacpacError;
    process.stderr.write(`error: ${known ? `${e.code}: ${e.message}${e.help ? `\nhelp: ${e.help}` : ''}` : String(e)}\n`);
    return e instanceof bacpac.CancelledError ? 130 : 1;
  }
}

// A reader that has gone away (`bacpac rows … | head`) is no failure worth words.
process.stdout.on('error', (e: NodeJS.ErrnoException) => process.exit(e.code === 'EPIPE' ? 0 : 1));
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
