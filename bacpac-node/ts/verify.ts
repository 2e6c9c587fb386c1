// A package beside a database.

import { perform, type ProgressOptions } from './call.js';
import { fromCore } from './data.js';
import { native } from './native.js';
import { sourceOf, type Source } from './places.js';
import { serverOf } from './server.js';
import type { Server, Verification } from './types.js';

/** Compares a package with a database: the same rows in every table, the same objects. */
export async function verify(
  from: Source,
  server: Server,
  database: string,
  options: ProgressOptions = {},
): Promise<Verification> {
  const source = await sourceOf(from);
  return fromCore(
    await perform(options, (call) => native.verify(call, source.native, serverOf(server), database), source),
  );
}
