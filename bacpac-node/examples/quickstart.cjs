// The same as quickstart.mjs, as a CommonJS module.

const bacpac = require('bacpac');

async function main() {
  const server = process.env.BACPAC_SERVER;
  const [database, copy] = process.argv.slice(2);
  const file = `${database}.bacpac`;
  const report = await bacpac.exportDatabase(server, database, file, { overwrite: true });
  console.log(`exported ${report.rows} rows of ${report.tables.length} tables, consistency: ${report.consistency}`);
  const imported = await bacpac.importDatabase(file, server, copy);
  console.log(`imported ${imported.rows} rows as ${imported.database}`);
  const { same, tables } = await bacpac.verify(file, server, copy);
  console.log(same ? `the same rows in all ${tables.length} tables` : 'they differ');
  process.exitCode = same ? 0 : 1;
}

main().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
