// Package to package.

import { perform, type ProgressOptions } from './call.js';
import { fromCore } from './data.js';
import { native } from './native.js';
import { sinkOf, sourceOf, type Sink, type Source } from './places.js';
import type { Compression, RewriteReport } from './types.js';

/** Options of a rewrite. */
export interface RewriteOptions extends ProgressOptions {
  compression?: Compression;
  /** Replace the target, in one step, when the package is complete. */
  overwrite?: boolean;
}

/** Writes a package anew: every row decoded and encoded, the model read and written. */
export async function rewrite(from: Source, to: Sink, options: RewriteOptions = {}): Promise<RewriteReport> {
  const source = await sourceOf(from);
  const sink = sinkOf(to, options.overwrite ?? false);
  const compression = JSON.stringify(options.compression ?? 'balanced');
  return fromCore(
    await perform(options, (call) => native.rewrite(call, source.native, sink.native, compression), source, sink),
  );
}
