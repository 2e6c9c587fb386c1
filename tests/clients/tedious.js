// tedious: pure JavaScript.
'use strict';

const fs = require('fs');
const path = require('path');
const { Connection, Request, TYPES } = require('tedious');

const [port, password, certificate] = process.argv.slice(2);
let failed = 0;

function report(what, held, detail) {
  console.log(`tedious: ${held ? 'ok' : 'FAILED'}: ${what}${held || detail === undefined ? '' : `: ${detail}`}`);
  failed += held ? 0 : 1;
}

function equal(what, found, expected) {
  const same = JSON.stringify(found) === JSON.stringify(expected);
  report(what, same, `${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
}

function connect(options, secret = password) {
  return new Promise((resolve, reject) => {
    const connection = new Connection({
      server: 'localhost',
      authentication: { type: 'default', options: { userName: 'sa', password: secret } },
      options: { port: Number(port), trustServerCertificate: true, requestTimeout: 20000, ...options },
    });
    connection.on('connect', (error) => (error ? reject(error) : resolve(connection)));
    connection.connect();
  });
}

function run(connection, sql, { parameters = [], batch = false, cancelAfter } = {}) {
  return new Promise((resolve, reject) => {
    const rows = [];
    const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
    for (const [name, type, value] of parameters) request.addParameter(name, type, value);
    request.on('row', (columns) => rows.push(Object.fromEntries(columns.map((c) => [c.metadata.colName, c.value]))));
    if (batch) connection.execSqlBatch(request);
    else connection.execSql(request);
    if (cancelAfter) setTimeout(() => connection.cancel(), cancelAfter);
  });
}

const promised = (object, method, ...args) =>
  new Promise((resolve, reject) => object[method]((e, value) => (e ? reject(e) : resolve(value)), ...args));

async function check(options) {
  const connection = await connect(options);
  const lines = fs.readFileSync(path.join(__dirname, 'every_type.sql'), 'utf8').split('\n');
  for (const line of lines) if (line && !line.startsWith('--')) await run(connection, line, { batch: true });
  const [row, nulls, ...more] = await run(connection, 'SELECT * FROM every_type', { batch: true });
  equal('two rows', more.length, 0);
  const expected = {
    a_bit: true, a_tinyint: 255, a_smallint: -32768, a_int: -2147483648, a_bigint: '-9223372036854775808',
    a_real: -1.5, a_float: 1e300, a_decimal: -1e33, a_numeric: 123.45, a_smallmoney: -12.3456,
    a_money: 123456789.0123, a_guid: '33323130-3534-3736-3839-616263646566', a_char: 'ab ', a_varchar: 'naïve €',
    a_varchar_max: 'x'.repeat(10000), a_utf8: 'naïve €', a_text: 'text', a_nchar: 'äß ',
    a_nvarchar: 'naïve 日本 😀', a_nvarchar_max: '日'.repeat(9000), a_ntext: 'ntext', a_xml: '<a>é</a>',
    a_binary: Buffer.from([0, 1, 2, 255]), a_varbinary: Buffer.alloc(0), a_varbinary_max: Buffer.alloc(20000, 7),
    a_image: Buffer.from([1, 2, 3]), a_variant: 5, a_variant_text: 'vär',
    a_date: new Date('2021-07-30'), a_datetime2: new Date('2021-07-30T00:00:00.001Z'),
    a_datetimeoffset: new Date('2021-07-30T00:01:00Z'), a_datetime: new Date('2009-07-08T00:00:01Z'),
    a_smalldatetime: new Date('2009-07-08T01:01:00Z'), a_time: new Date('1970-01-01T23:59:59.999Z'),
  };
  for (const [name, value] of Object.entries(row)) equal(name, value, expected[name]);
  report('NULLs', Object.values(nulls).every((value) => value === null));

  const long = 'ü'.repeat(9000);
  const [echo] = await run(connection, 'SELECT @a AS a, @b AS b',
    { parameters: [['a', TYPES.Int, 5], ['b', TYPES.NVarChar, long]] });
  equal('parameters', echo, { a: 5, b: long });
  await run(connection, "RAISERROR('Raised.', 16, 7)").then(
    () => report('an error', false), (error) => equal('an error', error.number, 50000));

  const started = Date.now();
  await run(connection, "WAITFOR DELAY '00:01:00'", { cancelAfter: 200 }).then(
    () => report('cancel', false), (error) => equal('cancel', error.code, 'ECANCEL'));
  report('cancelled at once', Date.now() - started < 3000);

  await promised(connection, 'beginTransaction');
  await promised(connection, 'commitTransaction');
  await promised(connection, 'reset');
  report('transaction and reset', true);

  const loaded = await new Promise((resolve, reject) => {
    const load = connection.newBulkLoad('generated', (error, count) => (error ? reject(error) : resolve(count)));
    load.addColumn('n', TYPES.BigInt, { nullable: true });
    load.addColumn('t', TYPES.NVarChar, { length: 50, nullable: true });
    load.addColumn('f', TYPES.Float, { nullable: true });
    load.addColumn('b', TYPES.VarBinary, { length: 50, nullable: true });
    const rows = [];
    for (let n = 0; n < 2000; n++) rows.push([n, `zeile ${n} ü`, n % 2 ? n / 4 : null, Buffer.from([n % 256])]);
    connection.execBulkLoad(load, rows);
  });
  equal('bulk load', loaded, 2000);
  connection.close();
}

(async () => {
  await connect({}, 'wrong').then(
    () => report('a wrong password', false), (error) => report('a wrong password', /Login failed/.test(error), error));
  const ways = [{ encrypt: false }, { encrypt: true }, { encrypt: true, packetSize: 512 }, { packetSize: 32767 }];
  if (certificate) {
    const ca = fs.readFileSync(certificate);
    ways.push({ encrypt: 'strict', trustServerCertificate: false, cryptoCredentialsDetails: { ca } });
  }
  for (const options of ways) {
    console.log(`tedious: encrypt ${options.encrypt}, packets of ${options.packetSize || 4096}`);
    await check(options);
  }
})().catch((error) => {
  report('no error', false, error.stack);
}).finally(() => process.exit(failed ? 1 : 0));
