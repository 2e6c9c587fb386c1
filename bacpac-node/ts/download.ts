// A backup as a stream of bytes.

import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { perform, valueOf, type CallOptions } from './call.js';
import { fromCore } from './data.js';
import type { Download as NativeDownload } from './native.js';
import { sinkOf, type Sink } from './places.js';

interface About {
  fileName: string;
  size: bigint;
  remaining: bigint;
  eTag: string | null;
  checked: boolean;
}

/**
 * A download under way. It is read once: by `for await`, as a `stream()`, as a `readable()`, or by `to()`.
 *
 * A whole download is compared with the SHA-256 of the manifest, and its last bytes are held back until that is done.
 */
export class Download implements AsyncIterable<Buffer> {
  /** The suggested file name. */
  readonly fileName: string;
  /** Bytes of the whole file. */
  readonly size: bigint;
  /** Bytes that will come. */
  readonly remaining: bigint;
  /** The version of the file, for taking the download up again later. */
  readonly eTag: string | undefined;
  /** Whether all bytes are compared with the manifest. */
  readonly checked: boolean;
  readonly #native: NativeDownload;
  readonly #options: CallOptions;

  /** @internal */
  constructor(begun: NativeDownload, options: CallOptions) {
    const about = fromCore<About>(valueOf(begun.about()));
    this.#native = begun;
    this.#options = options;
    this.fileName = about.fileName;
    this.size = about.size;
    this.remaining = about.remaining;
    this.eTag = about.eTag ?? undefined;
    this.checked = about.checked;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const bytes = await this.#next(this.#options.signal);
      if (bytes === null) return;
      yield bytes;
    }
  }

  /** As a stream of the web, e.g. for the body of a `Response`. */
  stream(): ReadableStream<Uint8Array> {
    const stop = new AbortController();
    const signal = this.#options.signal ? AbortSignal.any([this.#options.signal, stop.signal]) : stop.signal;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = await this.#next(signal);
          if (bytes === null) controller.close();
          else controller.enqueue(bytes);
        },
        cancel: () => stop.abort(),
      },
      { highWaterMark: 0 },
    );
  }

  /** As a stream of Node, e.g. to `pipeline` into a response. */
  readable(): Readable {
    return Readable.from(this, { objectMode: false });
  }

  /** Writes it to a file, a store or a stream; how many bytes. A file appears only when it is complete. */
  async to(target: Sink, options: { overwrite?: boolean } & CallOptions = {}): Promise<bigint> {
    const sink = sinkOf(target, options.overwrite ?? false);
    const signal = options.signal ?? this.#options.signal;
    return perform({ signal }, (call) => this.#native.writeInto(call, sink.native), sink);
  }

  #next(signal: AbortSignal | undefined): Promise<Buffer | null> {
    return perform({ signal }, (call) => this.#native.next(call));
  }
}
