// A package that is open: looking into it without a server.

import { perform, valueOf, type CallOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { native, type Package as NativePackage, type PackageSource } from './native.js';
import { sourceOf, type Source, type Storage } from './places.js';
import { Table } from './table.js';
import type { Digest, Script, ScriptSettings, Summary, Warning } from './types.js';

/** An open `.bacpac` or `.dacpac`. */
export class Package implements AsyncDisposable {
  readonly #native: NativePackage;
  readonly #source: Storage<PackageSource>;

  /** @internal */
  constructor(opened: NativePackage, source: Storage<PackageSource>) {
    this.#native = opened;
    this.#source = source;
  }

  /** What it holds, in short. */
  summary(): Summary {
    return fromCore(valueOf(this.#native.summary()));
  }

  /** What DacFx would do silently with this file. */
  warnings(): readonly Warning[] {
    return fromCore(valueOf(this.#native.warnings()));
  }

  /** All tables, in the order of the model. */
  tables(): Table[] {
    return this.summary().tables.map((about) => new Table(this.#native, this.#source, about));
  }

  /** A table: `table('dbo', 'Orders')`, `table('dbo.Orders')`, or `table('[dbo].[Orders]')`. */
  table(schema: string, name?: string): Table {
    return new Table(this.#native, this.#source, fromCore(valueOf(this.#native.table(schema, name))));
  }

  /** The whole schema as T-SQL, in an order that runs. */
  async script(options: ScriptSettings & CallOptions = {}): Promise<Script> {
    const given = toCore(options);
    return fromCore(await perform(options, (call) => this.#native.script(call, given)));
  }

  /** Lets go of the file. Rows that are being read are read to their end. */
  close(): void {
    this.#native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Opens a package: reads its directory, its origin and its model, and checks the model's checksum. */
export async function open(from: Source, options: CallOptions = {}): Promise<Package> {
  const source = await sourceOf(from);
  return new Package(await perform(options, (call) => native.open(call, source.native), source), source);
}

/** What a package holds, in short. */
export async function inspect(from: Source, options: CallOptions = {}): Promise<Summary> {
  return opened(from, options, (found) => found.summary());
}

/** The schema of a package as T-SQL. */
export async function script(from: Source, options: ScriptSettings & CallOptions = {}): Promise<Script> {
  return opened(from, options, (found) => found.script(options));
}

/** Rows and SHA-256 of a table's canonical text. */
export async function digest(from: Source, table: string, options: CallOptions = {}): Promise<Digest> {
  return opened(from, options, (found) => found.table(table).digest(options));
}

async function opened<T>(from: Source, options: CallOptions, look: (found: Package) => T | Promise<T>): Promise<T> {
  const found = await open(from, options);
  try {
    return await look(found);
  } finally {
    found.close();
  }
}
