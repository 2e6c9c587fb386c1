// Exports a database, looks into the file, imports it as a new database, and compares the two.
//
//   BACPAC_SERVER="Server=tcp:HOST,1433;User Id=USER;Password=..." node quickstart.mjs DATABASE COPY

import * as bacpac from 'bacpac';

const server = process.env.BACPAC_SERVER;
const [database, copy] = process.argv.slice(2);
const file = `${database}.bacpac`;

const report = await bacpac.exportDatabase(server, database, file);
console.log(`exported ${report.rows} rows of ${report.tables.length} tables, consistency: ${report.consistency}`);

const found = await bacpac.open(file);
for (const table of found.tables()) console.log(`  ${table.schema}.${table.name}: ${table.columns.length} columns`);
found.close();

const imported = await bacpac.importDatabase(file, server, copy);
console.log(`imported ${imported.rows} rows as ${imported.database}`);

const { same, tables } = await bacpac.verify(file, server, copy);
console.log(same ? `the same rows in all ${tables.length} tables` : 'they differ');
process.exitCode = same ? 0 : 1;
