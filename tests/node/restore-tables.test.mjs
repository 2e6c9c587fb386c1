// Single tables into a database that is there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as bacpac from 'bacpac';
import { acmecorp, name, server } from './place.mjs';

test('a table is restored beside the one that is there', async () => {
  const database = name();
  assert.equal((await bacpac.importDatabase(acmecorp, server, database)).rows, 2652n);
  const tables = ['ledger.Accounts'];
  await assert.rejects(bacpac.restoreTables(acmecorp, server, database, { tables }), { code: 'already_exists' });
  const report = await bacpac.restoreTables(acmecorp, server, database, {
    tables,
    rename: { 'ledger.Accounts': 'ledger.AccountsBefore' },
  });
  assert.deepEqual(
    report.tables.map((t) => [t.schema, t.table, t.rows]),
    [['ledger', 'AccountsBefore', 40n]],
  );
});
