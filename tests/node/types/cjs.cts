// Compiles under the strictest settings, as a CommonJS module.

import bacpac = require('bacpac');

export function kinds(): string[] {
  return bacpac.errorKinds.map((kind: bacpac.ErrorKind) => kind.name);
}

export async function count(file: string): Promise<bigint | null> {
  const summary: bacpac.Summary = await bacpac.inspect(file);
  return summary.rows;
}
