// The native half: where it is, and what it has. Written by hand, as the Rust files say it.

import { here, platforms } from './platforms.js';

/** What an operation comes to. */
export type Outcome<T = unknown> = { value: T } | { error: ErrorData };

/** An error as the core says it. */
export interface ErrorData {
  kind: string;
  number: bigint;
  text: string;
  message: string;
  context: Record<string, string | bigint | null>;
  server: { number: bigint; state: bigint; class: bigint; message: string; procedure: string | null; line: bigint } | null;
  help: string | null;
  retryable: boolean;
  findings?: unknown[];
}

export interface Answer {
  bytes?: Buffer;
  message?: string;
  kind?: string;
}

export interface Call {
  cancel(): void;
  takeProgress(): Outcome[];
}

export interface Server {
  connectionString: string;
  accessToken?: string;
  driver?: string;
}

export interface PackageSource {
  readonly native: 'source';
}

export interface PackageSink {
  readonly native: 'sink';
}

export type Cell = null | boolean | number | bigint | string | Buffer;

export interface RowReader {
  next(call: Call): Promise<Outcome<Cell[] | null>>;
}

export interface ArrowReader {
  next(call: Call): Promise<Outcome<Buffer | null>>;
  close(): void;
}

export interface Package {
  summary(): Outcome;
  warnings(): Outcome;
  table(schema: string, name?: string): Outcome;
  script(call: Call, options: string): Promise<Outcome>;
  digest(call: Call, schema: string, name?: string): Promise<Outcome>;
  rows(schema: string, name?: string): Outcome<RowReader>;
  arrow(schema: string, name: string | undefined, options: string): Outcome<ArrowReader>;
  close(): void;
}

export interface Download {
  about(): Outcome;
  next(call: Call): Promise<Outcome<Buffer | null>>;
  writeInto(call: Call, to: PackageSink): Promise<Outcome<bigint>>;
}

export interface Backups {
  list(call: Call, filter: string): Promise<Outcome>;
  now(call: Call, server: Server, database: string, tenant: string, request: string, options: string): Promise<Outcome>;
  manifest(call: Call, name: string): Promise<Outcome>;
  verify(call: Call, name: string): Promise<Outcome>;
  link(call: Call, name: string, seconds: number): Promise<Outcome>;
  download(call: Call, name: string, options: string): Promise<Outcome<Download>>;
  restore(call: Call, name: string, server: Server, options: string): Promise<Outcome>;
  hold(call: Call, name: string, hold: string): Promise<Outcome>;
  prune(call: Call, policy: string, now: string | undefined, apply: boolean): Promise<Outcome>;
}

export type Side = PackageSource | { server: Server; database: string };

type Settings = Record<string, string> | undefined;

export interface Native {
  Call: new (notify?: () => void) => Call;
  PackageSource: {
    at(url: string, settings: Settings): PackageSource;
    of(size: number, read: (start: number, end: number) => Promise<Answer>): PackageSource;
  };
  PackageSink: {
    at(url: string, settings: Settings, replace: boolean): PackageSink;
    of(write: (bytes: Buffer) => Promise<Answer>, complete: () => Promise<Answer>, abort: () => Promise<Answer>): PackageSink;
  };
  Backups: new (url: string, settings: Settings) => Backups;
  open(call: Call, source: PackageSource): Promise<Outcome<Package>>;
  exportDatabase(call: Call, server: Server, database: string, to: PackageSink, options: string): Promise<Outcome>;
  importDatabase(call: Call, from: PackageSource, server: Server, database: string, options: string): Promise<Outcome>;
  restoreTables(call: Call, from: PackageSource, server: Server, database: string, options: string): Promise<Outcome>;
  verify(call: Call, source: PackageSource, server: Server, database: string): Promise<Outcome>;
  rewrite(call: Call, source: PackageSource, to: PackageSink, compression: string): Promise<Outcome>;
  preflightExport(call: Call, server: Server, database: string, options: string): Promise<Outcome>;
  preflightImport(call: Call, from: PackageSource, server: Server, database: string, options: string): Promise<Outcome>;
  diff(call: Call, left: Side, right: Side, options: string): Promise<Outcome>;
  defaultOptions(): Outcome;
  errorKinds(): { name: string; number: number }[];
  endAll(): void;
}

function load(): Native {
  const built = process.env['BACPAC_NATIVE'];
  if (built) {
    return require(built) as Native;
  }
  const platform = here();
  if (typeof platform === 'string') {
    const names = platforms.map((p) => p.name).join(', ');
    throw new Error(`bacpac has no binary for ${platform}; there are some for ${names}. Build it from its source.`);
  }
  const name = `@bacpac/${platform.name}`;
  try {
    return require(name) as Native;
  } catch (e) {
    const missing = (e as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const why = missing
      ? `the package ${name}, which has bacpac's binary for this platform, is not installed. ` +
        'Install without --omit=optional and without node_modules of another platform, or add it by name'
      : `the binary in ${name} cannot be loaded`;
    throw new Error(`bacpac: ${why}`, { cause: e });
  }
}

export const native: Native = load();

// What runs when the process exits is cancelled and cleans up.
process.on('exit', () => native.endAll());
