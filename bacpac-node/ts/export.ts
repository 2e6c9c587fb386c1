// Server to package.

import { perform } from './call.js';
import { fromCore, toCore } from './data.js';
import { native } from './native.js';
import { sinkOf, type Sink } from './places.js';
import { serverOf } from './server.js';
import type { ExportOptions, ExportReport, Server } from './types.js';

/**
 * Exports a database. Nothing is visible at the target until the package is complete; on failure or cancellation what
 * was written is thrown away.
 */
export async function exportDatabase(
  server: Server,
  database: string,
  to: Sink,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const sink = sinkOf(to, options.overwrite ?? false);
  const given = toCore(options, ['overwrite']);
  return fromCore(
    await perform(options, (call) => native.exportDatabase(call, serverOf(server), database, sink.native, given), sink),
  );
}
