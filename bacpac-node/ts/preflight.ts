// What an export would meet.

import { perform, type ProgressOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { native } from './native.js';
import { serverOf } from './server.js';
import type { ExportSettings, PreflightReport, Server } from './types.js';

/** Every problem that an export with these options would meet, at once; nothing is written. */
export async function preflightExport(
  server: Server,
  database: string,
  options: ExportSettings & ProgressOptions = {},
): Promise<PreflightReport> {
  const given = toCore(options, ['overwrite']);
  return fromCore(await perform(options, (call) => native.preflightExport(call, serverOf(server), database, given)));
}
