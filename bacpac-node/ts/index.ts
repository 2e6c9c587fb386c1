// Exports a SQL Server database to a `.bacpac` file and imports it back, streaming.

export { Backups } from './backups.js';
export type { CallOptions, ProgressOptions } from './call.js';
export { diff, type Side } from './diff.js';
export { Download } from './download.js';
export * from './errors.js';
export { exportDatabase } from './export.js';
export { importDatabase, restoreTables } from './import.js';
export { digest, inspect, open, Package, script } from './package.js';
export type { CustomSink, CustomSource, Place, Sink, Source, StorePlace } from './places.js';
export { preflightExport, preflightImport } from './preflight.js';
export { rewrite, type RewriteOptions } from './rewrite.js';
export { Table, type Row, type Value } from './table.js';
export type * from './types.js';
export { verify } from './verify.js';
