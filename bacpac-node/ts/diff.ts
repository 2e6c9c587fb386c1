// What differs between two packages or databases.

import { perform, type ProgressOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { native, type Side as NativeSide } from './native.js';
import { sourceOf, type Source, type Storage } from './places.js';
import { serverOf } from './server.js';
import type { DiffReport, DiffSettings, Server } from './types.js';

/** What to compare: a package, or a database of a server. */
export type Side = Source | { server: Server; database: string };

/** Compares two sides: objects by property, rows by key. What only the right one has counts as added. */
export async function diff(left: Side, right: Side, options: DiffSettings & ProgressOptions = {}): Promise<DiffReport> {
  const given = toCore(options);
  const [a, b] = [await sideOf(left), await sideOf(right)];
  return fromCore(await perform(options, (call) => native.diff(call, a.native, b.native, given), a, b));
}

async function sideOf(side: Side): Promise<Storage<NativeSide>> {
  if (typeof side === 'object' && 'server' in side) {
    return { native: { server: serverOf(side.server), database: side.database } };
  }
  return sourceOf(side);
}
