// Package to server.

import { perform } from './call.js';
import { fromCore, toCore } from './data.js';
import { native } from './native.js';
import { sourceOf, type Source } from './places.js';
import { serverOf } from './server.js';
import type { ImportOptions, ImportReport, Server } from './types.js';

/**
 * Imports a package as a new database. On failure or cancellation the database that it made is dropped, unless
 * `keepOnFailure` says otherwise.
 */
export async function importDatabase(
  from: Source,
  server: Server,
  database: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const source = await sourceOf(from);
  const given = toCore(options);
  return fromCore(
    await perform(options, (call) => native.importDatabase(call, source.native, serverOf(server), database, given), source),
  );
}
