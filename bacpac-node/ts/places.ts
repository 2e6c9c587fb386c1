// Where packages are read from and written to, as Node knows such things.

import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WritableStream } from 'node:stream/web';
import { BacpacError } from './errors.js';
import { native, type Answer, type PackageSink, type PackageSource } from './native.js';

/** A place in a store, with the settings of the store by the names that `object_store` has for them. */
export interface StorePlace {
  /** A URL, e.g. `s3://bucket/acmecorp.bacpac`. */
  url: string | URL;
  /** E.g. `{ aws_region: 'us-east-1' }`; before those of the environment. They show in no error. */
  settings: Record<string, string>;
}

/** A path, or the URL of a store: `file:`, `s3:`, `az:`, `abfs:`, `gs:`, `https:`. */
export type Place = string | URL | StorePlace;

/** Storage of your own to read a package from. */
export interface CustomSource {
  /** How many bytes there are. */
  size: number | bigint;
  /** The bytes from `start` up to `end`, all of them. Reads may run at the same time. */
  read(start: number, end: number): Uint8Array | Promise<Uint8Array>;
}

/** Storage of your own to write a package to, front to back. */
export interface CustomSink {
  /** Appends bytes. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Makes all of it visible. */
  complete(): void | Promise<void>;
  /** Throws away what was written. */
  abort(): void | Promise<void>;
}

/** What a package can be read from. A stream cannot: a package is read by ranges. */
export type Source = Place | Uint8Array | ArrayBuffer | Blob | FileHandle | CustomSource;

/** What a package can be written to. */
export type Sink = Place | Writable | WritableStream<Uint8Array> | CustomSink;

/** @internal A native source or sink, and what storage of the caller's own failed with. */
export interface Storage<T> {
  native: T;
  failure?: unknown;
}

/** @internal */
export function placeOf(place: Place): [string, Record<string, string> | undefined] {
  if (typeof place === 'string') return [place, undefined];
  if (place instanceof URL) return [place.href, undefined];
  return [String(place.url), { ...place.settings }];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const has = (value: unknown, ...names: string[]): boolean =>
  isObject(value) && names.every((name) => typeof value[name] === 'function');
const isPlace = (value: unknown): value is Place =>
  typeof value === 'string' || value instanceof URL || (isObject(value) && 'url' in value && 'settings' in value);

/** @internal */
export async function sourceOf(source: Source): Promise<Storage<PackageSource>> {
  if (isPlace(source)) {
    return { native: native.PackageSource.at(...placeOf(source)) };
  }
  const custom = await customSource(source);
  const storage: Storage<PackageSource> = {
    native: native.PackageSource.of(Number(custom.size), (start, end) =>
      answered(storage, async () => custom.read(start, end)),
    ),
  };
  return storage;
}

async function customSource(source: Exclude<Source, Place>): Promise<CustomSource> {
  if (source instanceof ArrayBuffer) {
    return customSource(new Uint8Array(source));
  }
  if (source instanceof Uint8Array) {
    return { size: source.byteLength, read: (start, end) => source.subarray(start, end) };
  }
  if (source instanceof Blob) {
    return { size: source.size, read: async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()) };
  }
  if (has(source, 'read', 'stat')) {
    const file = source as FileHandle;
    return { size: (await file.stat()).size, read: (start, end) => readFile(file, start, end) };
  }
  if (has(source, 'read') && 'size' in source) {
    return source as CustomSource;
  }
  throw new TypeError(
    'a package is read from a path, a URL, a Buffer, a Blob, a FileHandle, or an object with size and read()' +
      (has(source, 'getReader') || has(source, 'pipe') ? '; a stream cannot be read by ranges: write it to a file first' : ''),
  );
}

async function readFile(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** @internal */
export function sinkOf(sink: Sink, replace: boolean): Storage<PackageSink> {
  if (isPlace(sink)) {
    return { native: native.PackageSink.at(...placeOf(sink), replace) };
  }
  const custom = customSink(sink);
  const storage: Storage<PackageSink> = {
    native: native.PackageSink.of(
      (bytes) => answered(storage, async () => custom.write(bytes)),
      () => answered(storage, async () => custom.complete()),
      () => answered(storage, async () => custom.abort()),
    ),
  };
  return storage;
}

function customSink(sink: Exclude<Sink, Place>): CustomSink {
  if (has(sink, 'getWriter')) {
    const writer = (sink as WritableStream<Uint8Array>).getWriter();
    // What it rejects with, `write` and `close` reject with as well.
    writer.closed.catch(() => {});
    return {
      write: (bytes) => writer.write(bytes),
      complete: () => writer.close(),
      abort: () => writer.abort(new Error('the package was not completed')),
    };
  }
  if (has(sink, 'write', 'end', 'on', 'destroy')) {
    return nodeSink(sink as Writable);
  }
  if (has(sink, 'write', 'complete', 'abort')) {
    return sink as CustomSink;
  }
  throw new TypeError(
    'a package is written to a path, a URL, a Writable, a WritableStream, or an object with write(), complete() and abort()',
  );
}

function nodeSink(stream: Writable): CustomSink {
  // Settles when the stream ends, in whatever way; a write whose callback never comes must not wait for ever.
  const ended = finished(stream, { readable: false });
  let giveUp: ((e: unknown) => void) | undefined;
  ended.then(
    () => giveUp?.(new Error('the stream was ended by somebody else')),
    (e: unknown) => giveUp?.(e),
  );
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        stream.write(bytes, (e) => (e ? reject(e) : resolve()));
      }),
    async complete() {
      stream.end();
      await ended;
    },
    async abort() {
      stream.destroy(stream.errored ? undefined : new Error('the package was not completed'));
      await ended.catch(() => {});
    },
  };
}

/** What the caller's code gives or throws, as the native half understands it. */
async function answered(storage: Storage<unknown>, work: () => Promise<Uint8Array | void>): Promise<Answer> {
  try {
    const bytes = await work();
    return bytes instanceof Uint8Array ? { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) } : {};
  } catch (e) {
    storage.failure ??= e;
    return { message: e instanceof Error && e.message ? e.message : String(e), kind: kindOf(e) };
  }
}

function kindOf(e: unknown): string {
  if (e instanceof BacpacError) return e.code;
  const code = (e as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT') return 'not_found';
  if (code === 'EEXIST') return 'already_exists';
  return (e as NodeJS.ErrnoException | null)?.syscall ? 'io' : 'storage';
}
