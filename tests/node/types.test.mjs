// The types name the options that the core has, no more and no fewer.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const root = new URL('../../bacpac-node/', import.meta.url);
const { native } = createRequire(root)('./dist/native.js');
const text = readFileSync(new URL('ts/types.ts', root), 'utf8');

function fields(type) {
  const body = new RegExp(`^export interface ${type} \\{\n([\\s\\S]*?)^\\}`, 'm').exec(text)?.[1];
  assert.ok(body, `there is no interface ${type}`);
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, name]) => name).sort();
}

const { value: defaults } = native.defaultOptions();
for (const [type, options] of Object.entries(defaults)) {
  test(`${type} has the fields of the core`, () => {
    const names = Object.keys(options).map((name) => name.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase()));
    assert.deepEqual(fields(type), names.sort());
  });
}
