// Tables as Arrow, read by apache-arrow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatchReader, tableFromIPC } from 'apache-arrow';
import * as bacpac from 'bacpac';
import { acmecorp, big } from './place.mjs';

test('a table as Arrow has the values of its rows', async () => {
  const file = await bacpac.open(acmecorp);
  for (const of of file.tables()) {
    const table = tableFromIPC(await of.toArrowIPC({ fineTimes: 'truncate' }));
    assert.deepEqual(table.schema.fields.map((f) => f.name), of.columns.map((c) => c.name));
    const plain = new Set(['int', 'bigint', 'bit', 'smallint', 'tinyint', 'float', 'real']);
    const columns = of.columns.filter((c) => plain.has(c.type) || /char/.test(c.type)).map((c) => c.name);
    let i = 0;
    for await (const row of of.rows()) {
      const same = table.get(i);
      for (const name of columns) assert.equal(same[name], row[name], `${of.schema}.${of.name}.${name} ${i}`);
      i += 1;
    }
    assert.equal(table.numRows, i);
  }
  file.close();
});

test('batch by batch, some columns, and left early', async () => {
  const file = await bacpac.open(big);
  const table = file.table('dbo', 'Big');
  const { rows } = await table.digest();
  let count = 0;
  const reader = await RecordBatchReader.from(table.arrowStream({ columns: ['Id', 'Name'], batchRows: 5000 }));
  for await (const batch of reader) {
    assert.deepEqual(batch.schema.fields.map((f) => f.name), ['Id', 'Name']);
    assert.ok(batch.numRows <= 5000);
    count += batch.numRows;
  }
  assert.equal(BigInt(count), rows);
  for await (const bytes of table.arrowStream()) {
    assert.ok(bytes.length > 0);
    break;
  }
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of table.arrowStream({ signal: stop.signal })) stop.abort();
  }, bacpac.CancelledError);
  await assert.rejects(table.toArrowIPC({ colums: [] }), bacpac.InvalidArgumentError);
});
