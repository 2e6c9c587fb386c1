// Imports until it is terminated.

import { parentPort, workerData } from 'node:worker_threads';
import * as bacpac from 'bacpac';

const { big, server, database } = workerData;
const onProgress = ({ stage, rows }) => {
  if (stage === 'rows' && rows > 0n) parentPort.postMessage('rows');
};
await bacpac.importDatabase(big, server, database, { onProgress });
