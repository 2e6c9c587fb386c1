// A table of an open package, and its rows.

import { perform, valueOf, type CallOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { cancelled } from './errors.js';
import type { Cell, Package, PackageSource } from './native.js';
import type { Storage } from './places.js';
import type { ArrowSettings, Column, Digest, TableSummary } from './types.js';

/**
 * A value of a row.
 *
 * `bit` is a `boolean`; `tinyint`, `smallint`, `int`, `real` and `float` are a `number`; `bigint` is a `bigint`;
 * character types, `xml` and `json` are a `string`; binary types, `rowversion` and CLR types are a `Buffer`. All others
 * (`decimal`, `money`, dates and times, `uniqueidentifier`, `sql_variant`) are text, as nothing here would hold them
 * exactly: decimals with all their digits, dates and times in ISO 8601.
 */
export type Value = Cell;

/** A row: the values by the names of the columns. */
export type Row = Record<string, Value>;

/** A table of an open package. */
export class Table {
  readonly schema: string;
  readonly name: string;
  /** The columns whose values the package carries, in order. */
  readonly columns: readonly Column[];
  /** Bytes of native rows, uncompressed. */
  readonly bytes: bigint;
  readonly #package: Package;
  readonly #source: Storage<PackageSource>;

  /** @internal */
  constructor(from: Package, source: Storage<PackageSource>, about: TableSummary) {
    this.#package = from;
    this.#source = source;
    this.schema = about.schema;
    this.name = about.table;
    this.columns = about.columns;
    this.bytes = about.bytes;
  }

  /** The rows, one by one. Leaving the loop early stops the reading. */
  async *rows(options: CallOptions = {}): AsyncGenerator<Row, void, undefined> {
    for await (const batch of this.batches(options)) {
      for (const row of batch) {
        if (options.signal?.aborted) {
          throw cancelled(options.signal.reason);
        }
        yield row;
      }
    }
  }

  /** The rows, some hundreds or thousands at a time: faster than one by one. */
  async *batches(options: CallOptions = {}): AsyncGenerator<Row[], void, undefined> {
    const reader = valueOf(this.#package.rows(this.schema, this.name));
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const read = (): Promise<Cell[] | null> => {
      const cells = perform({ signal }, (call) => reader.next(call), this.#source);
      // It is awaited later, or not at all.
      cells.catch(() => {});
      return cells;
    };
    const make = rowMaker(this.columns.map((column) => column.name));
    let next = read();
    try {
      for (;;) {
        const cells = await next;
        if (cells === null) return;
        next = read();
        yield make(cells);
      }
    } finally {
      stop.abort();
      await next.catch(() => {});
    }
  }

  /**
   * The table as an Arrow IPC stream, piece by piece: the schema, each batch, the end. Columns are decoded straight from
   * the file, so this is the fastest way to read a table. `apache-arrow` reads it: `RecordBatchReader.from(...)`.
   */
  async *arrowStream(options: ArrowSettings & CallOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const reader = valueOf(this.#package.arrow(this.schema, this.name, toCore(options)));
    try {
      for (;;) {
        const bytes = await perform(options, (call) => reader.next(call), this.#source);
        if (bytes === null) return;
        yield bytes;
      }
    } finally {
      reader.close();
    }
  }

  /** The whole table as an Arrow IPC stream in memory, for `tableFromIPC` of `apache-arrow`. */
  async toArrowIPC(options: ArrowSettings & CallOptions = {}): Promise<Buffer> {
    const pieces = [];
    for await (const bytes of this.arrowStream(options)) pieces.push(bytes);
    return Buffer.concat(pieces);
  }

  /** Rows and SHA-256 of the table's canonical text. */
  async digest(options: CallOptions = {}): Promise<Digest> {
    const work = perform(options, (call) => this.#package.digest(call, this.schema, this.name), this.#source);
    return fromCore(await work);
  }
}

function rowMaker(names: readonly string[]): (cells: Cell[]) => Row[] {
  // Set as any other field, this one would be lost.
  const isOdd = names.includes('__proto__');
  const one = (cells: Cell[], at: number): Row => {
    const row: Row = {};
    for (let i = 0; i < names.length; i += 1) {
      const [name, value] = [names[i] as string, cells[at + i] as Cell];
      if (isOdd) Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
      else row[name] = value;
    }
    return row;
  };
  return (cells) => {
    const rows = [];
    for (let at = 0; at < cells.length; at += names.length) {
      rows.push(one(cells, at));
    }
    return rows;
  };
}
