// Opens a package over memory, keeps it, and ends.

import { readFileSync } from 'node:fs';
import * as bacpac from 'bacpac';

globalThis.kept = await bacpac.open(readFileSync(process.argv[2]));
console.log(Number(globalThis.kept.summary().rows));
