// What the tests stand on: the scenario server and its files, folders that go away, and names nobody else has.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export const server = process.env.BACPAC_SCENARIO_SERVER;
export const files = process.env.BACPAC_SCENARIO_FILES;
export const acmecorp = join(files, 'acmecorp.bacpac');
export const big = join(files, 'big.bacpac');

export function folder() {
  const made = mkdtempSync(join(tmpdir(), 'bacpac-node-'));
  after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

let next = 0;
export const name = () => `node_${process.pid}_${(next += 1)}`;
