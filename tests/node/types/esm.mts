// Compiles under the strictest settings, as an ES module.

import * as bacpac from 'bacpac';
import { createWriteStream } from 'node:fs';
import { open as openFile } from 'node:fs/promises';

export async function every(server: bacpac.Server, signal: AbortSignal): Promise<bigint> {
  const onProgress = (p: bacpac.Progress): void => void (p.rowsTotal ?? 0n);
  const options: bacpac.ExportOptions = {
    signal,
    onProgress,
    overwrite: true,
    compression: 'fast',
    consistency: 'automatic',
    rowsPerRange: 1n,
    selection: { excludeData: ['audit.*'], dependents: 'refuse' },
    rowFilters: { 'dbo.Orders': 'Id > 7' },
    policy: { set: 'azure', rules: { windows_user: 'error' } },
  };
  const report = await bacpac.exportDatabase(server, 'acmecorp', createWriteStream('x'), options);
  const web: WritableStream<Uint8Array> = new WritableStream();
  await bacpac.exportDatabase({ connectionString: 'x', accessToken: 'y' }, 'acmecorp', web);
  await bacpac.importDatabase(await openFile('x'), server, 'copy', { azure: { maxSizeGb: 5 }, signal });
  const total: bigint = report.rows + report.packageBytes;
  await using found = await bacpac.open(new URL('file:///x'));
  for await (const row of found.table('dbo', 'Orders').rows({ signal })) {
    const value: bacpac.Value | undefined = row['Id'];
    if (typeof value === 'bigint') return value;
  }
  try {
    await bacpac.verify(Buffer.alloc(0), server, 'acmecorp');
  } catch (e) {
    if (e instanceof bacpac.CancelledError) throw e.cause;
    if (e instanceof bacpac.BacpacError) throw new Error(`${e.code} ${e.context.row ?? 0n} ${e.help ?? ''} ${e.server?.number}`);
  }
  const backups = new bacpac.Backups({ url: 's3://bucket/folder', settings: { aws_region: 'x' } });
  const list: readonly bacpac.Backup[] = await backups.list({ kind: 'manual', since: new Date() });
  const download = await backups.download(list[0]?.name ?? '', { start: 1 });
  for await (const bytes of download) void bytes.byteLength;
  const body: ReadableStream = download.stream() as ReadableStream;
  void body;
  await bacpac.diff('a.bacpac', { server, database: 'b' }, { scope: 'rows' });
  return total;
}

// @ts-expect-error an option that is not there
void bacpac.exportDatabase('', '', '', { paralelism: 1 });
// @ts-expect-error a stream is no source
void bacpac.open(new ReadableStream());
// @ts-expect-error counts are bigint
const wrong: number = (await bacpac.inspect('x')).rowBytes;
void wrong;
