// Package to server.

import { perform } from './call.js';
import { fromCore, toCore } from './data.js';
import { native } from './native.js';
import { sourceOf, type Source } from './places.js';
import { serverOf } from './server.js';
import type { ImportOptions, ImportReport, RestoreTablesOptions, Server } from './types.js';

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

/**
 * Restores single tables of a package into a database, which is made if it is not there. A table that is there already is
 * an error (`already_exists`); on failure or cancellation what was made is taken back.
 */
export async function restoreTables(
  from: Source,
  server: Server,
  database: string,
  options: RestoreTablesOptions,
): Promise<ImportReport> {
  const source = await sourceOf(from);
  const given = toCore(options);
  return fromCore(
    await perform(options, (call) => native.restoreTables(call, source.native, serverOf(server), database, given), source),
  );
}
