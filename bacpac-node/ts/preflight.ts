// What an export or an import would meet.

import { perform, type ProgressOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { native } from './native.js';
import { sourceOf, type Source } from './places.js';
import { serverOf } from './server.js';
import type { ExportSettings, ImportSettings, PreflightReport, Server } from './types.js';

/** Every problem that an export with these options would meet, at once; nothing is written. */
export async function preflightExport(
  server: Server,
  database: string,
  options: ExportSettings & ProgressOptions = {},
): Promise<PreflightReport> {
  const given = toCore(options, ['overwrite']);
  return fromCore(await perform(options, (call) => native.preflightExport(call, serverOf(server), database, given)));
}

/** Every problem that an import with these options would meet, at once; nothing is made. */
export async function preflightImport(
  from: Source,
  server: Server,
  database: string,
  options: ImportSettings & ProgressOptions = {},
): Promise<PreflightReport> {
  const source = await sourceOf(from);
  const given = toCore(options);
  return fromCore(
    await perform(options, (call) => native.preflightImport(call, source.native, serverOf(server), database, given), source),
  );
}
