// Exits in the middle of an export.

import * as bacpac from 'bacpac';

const own = { write() {}, complete() {}, abort() {} };
const to = process.argv[2] ?? own;
const onProgress = ({ stage, rows }) => {
  if (stage === 'rows' && rows > 0n) process.exit(5);
};
await bacpac.exportDatabase(process.env.BACPAC_SCENARIO_SERVER, 'big', to, { onProgress });
