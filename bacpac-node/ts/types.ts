// Options and reports, as the core has them. Counts of rows, bytes and the like are `bigint`; times are seconds.

import type { ProgressOptions } from './call.js';

/** What an operation is doing. */
export type Stage =
  | 'preparing'
  | 'reading_schema'
  | 'creating_schema'
  | 'rows'
  | 'finishing_schema'
  | 'verifying'
  | 'completing'
  | 'cleaning_up';

/** How far an operation is. Totals are `null` where they are not known. */
export interface Progress {
  readonly stage: Stage;
  /** The table this is about, as `[schema].[name]`. */
  readonly table: string | null;
  readonly tableRows: bigint;
  readonly tableRowsTotal: bigint | null;
  readonly tableDone: boolean;
  readonly tables: bigint;
  readonly tablesTotal: bigint | null;
  readonly rows: bigint;
  readonly rowsTotal: bigint | null;
  /** Bytes of native row data so far. */
  readonly bytes: bigint;
}

/** Something that was done differently from what a reader might assume, and is no error. */
export interface Warning {
  /** Stable name of the rule, e.g. `unresolved_reference`. */
  readonly code: string;
  readonly object: string | null;
  readonly message: string;
}

/** One table of an export or an import. */
export interface TableReport {
  readonly schema: string;
  readonly table: string;
  readonly rows: bigint;
  /** Bytes of native rows, uncompressed. */
  readonly bytes: bigint;
}

/** A server: an ADO.NET connection string, alone or with what does not stand in one. */
export type Server =
  | string
  | {
      connectionString: string;
      /** Microsoft Entra access token for `https://database.windows.net/.default`. */
      accessToken?: string;
      driver?: 'mssql-tds' | 'tiberius';
    };

export type Compression = 'fast' | 'balanced' | 'smallest';
export type Consistency = 'none' | 'snapshot_transaction' | 'database_snapshot';

/** Which tables, schemas and rows take part. Patterns are `schema.table` with `*` and `?`, or `[schema].[table]` exactly. */
export interface Selection {
  /** Tables that take part; all if none is given. */
  includeTables?: readonly string[];
  excludeTables?: readonly string[];
  /** Schemas whose objects take part; all if none is given. */
  includeSchemas?: readonly string[];
  excludeSchemas?: readonly string[];
  /** Tables that come without their rows. */
  excludeData?: readonly string[];
  /** All tables come without their rows. */
  schemaOnly?: boolean;
  /** What becomes of objects that refer to something left out. */
  dependents?: 'leave_out' | 'refuse';
}

/** What a finding does: nothing, a warning, or an error before anything is written. */
export type Severity = 'ignore' | 'warn' | 'error';

/** How severe the findings of each rule are: a ready set, and what is to be otherwise, by code. */
export interface Policy {
  set?: 'box_server' | 'azure';
  rules?: Readonly<Record<string, Severity>>;
}

/** Something that an operation would meet. */
export interface Finding {
  /** Stable name of the rule. */
  readonly code: string;
  /** The number under which DacFx reports it. */
  readonly number: bigint | null;
  readonly severity: Severity;
  readonly object: string | null;
  readonly reason: string;
  readonly remedy: string | null;
}

/** Everything that a check found, the errors first. */
export interface PreflightReport {
  /** Whether the operation may go on. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** Options of an export, without those of the call. The defaults are what a backup wants. */
export interface ExportSettings {
  /** Connections that read rows side by side; 0 for as many as there are cores, 4 at the most. */
  parallelism?: number;
  /** Uncompressed bytes after which a data part ends at the next row. */
  partSize?: number;
  /** Large tables are read in ranges of about this many rows. */
  rowsPerRange?: number | bigint;
  compression?: Compression;
  /** The moment the rows are of. */
  consistency?: 'automatic' | Consistency;
  /** Go on without objects that cannot be carried, with a warning that names each. */
  skipUnsupported?: boolean;
  /** Which tables, schemas and rows take part. */
  selection?: Selection;
  /** T-SQL predicates (what stands after `WHERE`) by patterns of tables: only rows for which they hold take part. */
  rowFilters?: Readonly<Record<string, string>>;
  skipPermissions?: boolean;
  /** Leave out users, their logins, memberships and permissions. */
  skipUsers?: boolean;
  /** How severe what the checks find is. */
  policy?: Policy;
  /** The name in `DacMetadata.xml`; the database's if not given. */
  applicationName?: string;
}

/** Options of an export. */
export interface ExportOptions extends ExportSettings, ProgressOptions {
  /** Replace the target, in one step, when the package is complete. */
  overwrite?: boolean;
}

/** What an export did. */
export interface ExportReport {
  readonly database: string;
  /** `@@VERSION` of the source. */
  readonly serverVersion: string;
  /** The level that was reached. */
  readonly consistency: Consistency;
  /** In the order of the model, empty ones too. */
  readonly tables: readonly TableReport[];
  readonly rows: bigint;
  /** Bytes of native rows, uncompressed. */
  readonly bytes: bigint;
  readonly packageBytes: bigint;
  /** SHA-256 of the package. */
  readonly sha256: string | null;
  readonly warnings: readonly Warning[];
  readonly schemaSeconds: number;
  readonly rowsSeconds: number;
  readonly seconds: number;
}

/** Where in Azure SQL Database a new database goes, as `CREATE DATABASE` takes it. */
export interface AzureTarget {
  edition?: 'Basic' | 'Standard' | 'Premium' | 'GeneralPurpose' | 'BusinessCritical' | 'Hyperscale';
  serviceObjective?: string;
  maxSizeGb?: number;
}

/** Options of an import, without those of the call. The defaults are what a restore wants. */
export interface ImportSettings {
  /** Connections that load rows side by side; 0 for as many as there are cores, 4 at the most. */
  parallelism?: number;
  /** Go on without objects that cannot be carried, with a warning that names each. */
  skipUnsupported?: boolean;
  skipPermissions?: boolean;
  /** Leave out users, logins and role memberships. */
  skipUsers?: boolean;
  /** On failure or cancellation, keep what has been made instead of dropping the database. */
  keepOnFailure?: boolean;
  /** Count the rows of every table after the load and compare; `true` if not given. */
  verifyCounts?: boolean;
  azure?: AzureTarget;
  /** Which tables, schemas and rows take part. */
  selection?: Selection;
  /** How severe what the checks find is; the ready set of the target if not given. */
  policy?: Policy;
  /** What becomes of the logins that users refer to. */
  logins?: 'map' | 'create' | 'skip';
  /** The database's collation, in place of the package's. */
  collation?: string;
  /** The columns that get that collation. */
  collationScope?: 'database_default' | 'all_columns';
  /** New names of schemas, by their names in the package. */
  schemaMap?: Readonly<Record<string, string>>;
  /** New filegroups, by their names in the package; `*` for all others. */
  filegroupMap?: Readonly<Record<string, string>>;
  /** The compatibility level, in place of the package's. It is never higher than the target has. */
  compatibilityLevel?: number;
  /** What becomes of the options of the query store. */
  queryStore?: 'keep' | 'off';
  /** Leave out the database's master key. */
  skipMasterKey?: boolean;
}

/** Options of an import. */
export interface ImportOptions extends ImportSettings, ProgressOptions {}

/** Options of a restore of tables, without those of the call. The defaults bring back a table with all that is its own. */
export interface RestoreTablesSettings {
  /** Patterns of the tables, as in a `Selection`. */
  tables?: readonly string[];
  /** Also the tables that their foreign keys lead to, and so on. */
  referencedTables?: boolean;
  /** New names of tables, `schema.table` by `schema.table`. */
  rename?: Readonly<Record<string, string>>;
  /** New names of schemas, by their names in the package. */
  schemaMap?: Readonly<Record<string, string>>;
  /** New filegroups, by their names in the package; `*` for all others. */
  filegroupMap?: Readonly<Record<string, string>>;
  /** Leave out the tables' triggers. */
  skipTriggers?: boolean;
  /** Leave out the rows. */
  schemaOnly?: boolean;
  /** Go on without what cannot be carried, with a warning that names each. */
  skipUnsupported?: boolean;
  /** Connections that load rows side by side; 0 for as many as there are cores, 4 at the most. */
  parallelism?: number;
  /** On failure or cancellation, keep what has been made. */
  keepOnFailure?: boolean;
  /** Count the rows of every table after the load and compare; `true` if not given. */
  verifyCounts?: boolean;
  /** How severe what the checks find is; the ready set of the target if not given. */
  policy?: Policy;
}

/** Options of a restore of tables. */
export interface RestoreTablesOptions extends RestoreTablesSettings, ProgressOptions {}

/** What an import did. */
export interface ImportReport {
  readonly database: string;
  readonly tables: readonly TableReport[];
  readonly rows: bigint;
  readonly bytes: bigint;
  /** Statements of the schema that were run. */
  readonly statements: bigint;
  readonly warnings: readonly Warning[];
  readonly schemaSeconds: number;
  readonly rowsSeconds: number;
  readonly finishSeconds: number;
  readonly seconds: number;
}

/** One table on both sides of a verification. */
export interface TableComparison {
  readonly schema: string;
  readonly table: string;
  readonly packageRows: bigint;
  /** `null` where the database has no such table. */
  readonly databaseRows: bigint | null;
  readonly same: boolean;
}

/** What a verification found. */
export interface Verification {
  readonly same: boolean;
  readonly tables: readonly TableComparison[];
  readonly differences: readonly { readonly object: string; readonly what: string }[];
  readonly warnings: readonly Warning[];
  /** Objects of the package's model that were compared. */
  readonly objects: bigint;
}

export type Change = 'added' | 'removed' | 'changed';

/** What to compare. */
export interface DiffSettings {
  /** Objects, rows, or both. */
  scope?: 'all' | 'schema' | 'rows';
  /** Tables whose rows are compared, by patterns; all if none is given. */
  tables?: readonly string[];
  /** How many rows of each kind of change to show for a table; 0 for counts only. */
  examples?: number;
  /** Bytes for rows that wait for their counterpart. */
  memory?: number;
  /** What of the objects not to compare. */
  compare?: {
    ignoreDependencies?: boolean;
    ignoreLineEnds?: boolean;
    ignorePasswords?: boolean;
    ignoreLastValues?: boolean;
  };
}

/** A row that differs; values are canonical text, shortened, `null` for NULL. */
export interface RowExample {
  readonly change: Change;
  readonly key: readonly { readonly column: string; readonly value: string | null }[];
  readonly columns: readonly { readonly column: string; readonly left: string | null; readonly right: string | null }[];
}

/** The rows of a table on both sides. */
export interface TableDiff {
  readonly schema: string;
  readonly table: string;
  /** Which side has the table, where only one has it. */
  readonly only: Change | null;
  /** The columns by which rows were matched; none where whole rows were. */
  readonly key: readonly string[];
  readonly leftRows: bigint;
  readonly rightRows: bigint;
  readonly added: bigint;
  readonly removed: bigint;
  readonly changed: bigint;
  /** Columns that only one side has. */
  readonly leftColumns: readonly string[];
  readonly rightColumns: readonly string[];
  readonly examples: readonly RowExample[];
  /** How often both sides were read. */
  readonly passes: bigint;
}

/** An object that differs. */
export interface ObjectDiff {
  readonly class: string;
  readonly name: string;
  readonly change: Change;
  readonly changes: readonly { readonly place: string; readonly left: string | null; readonly right: string | null }[];
}

/** Everything that differs. */
export interface DiffReport {
  readonly same: boolean;
  readonly objects: readonly ObjectDiff[];
  readonly tables: readonly TableDiff[];
  readonly warnings: readonly Warning[];
}

/** What a rewrite did. */
export interface RewriteReport {
  readonly tables: readonly TableReport[];
  readonly packageBytes: bigint;
  readonly warnings: readonly Warning[];
}

/** A column of a table of a package. */
export interface Column {
  readonly name: string;
  /** T-SQL type, e.g. `nvarchar(50)`. */
  readonly type: string;
  readonly nullable: boolean;
}

/** A table of a package. */
export interface TableSummary {
  readonly schema: string;
  readonly table: string;
  /** Bytes of native rows, uncompressed. */
  readonly bytes: bigint;
  /** Data parts. */
  readonly parts: bigint;
  readonly columns: readonly Column[];
}

/** What a package holds, in short. */
export interface Summary {
  readonly kind: 'bacpac' | 'dacpac';
  readonly name: string | null;
  /** The platform of the model, e.g. `Sql150`, `SqlAzureV12`. */
  readonly platform: string;
  readonly schemaVersion: string;
  /** Version of what wrote the package. */
  readonly product: string | null;
  /** When the export began, as the package says it. */
  readonly exported: string | null;
  /** `@@VERSION` of the source. */
  readonly server: string | null;
  readonly rows: bigint | null;
  readonly rowBytes: bigint;
  /** How many objects there are of each class, e.g. `Table`, `View`. */
  readonly objects: Readonly<Record<string, bigint>>;
  readonly tables: readonly TableSummary[];
}

/** What to script. */
export interface ScriptSettings {
  skipPermissions?: boolean;
  /** Leave out logins, users and memberships of users, and permissions to them. */
  skipUsers?: boolean;
  skipExtendedProperties?: boolean;
  /** Logins that the target server has: users of these are made for them, all others without login. */
  logins?: readonly string[];
  /** Create the logins of the model, and make the users for them. */
  createLogins?: boolean;
  /** Leave out what cannot be created, with a warning for each. */
  skipUnsupported?: boolean;
  /** Script for a database that no rows are loaded into. */
  withoutRows?: boolean;
}

/** The schema as T-SQL, for a client that knows `GO`. */
export interface Script {
  readonly text: string;
  readonly warnings: readonly Warning[];
}

/** How a table becomes Arrow. Every value is exact, or an error that says which of these takes it. */
export interface ArrowSettings {
  /** The columns to read, in the order of the table; all if not given. */
  columns?: readonly string[];
  /** Rows of a batch at the most. */
  batchRows?: number;
  /** Bytes of native rows after which a batch ends at the next row. */
  batchBytes?: number;
  /** Parts read and decoded side by side; 0 for as many as there are cores, 4 at the most. */
  parallelism?: number;
  /** What times of 100 ns become; `nanoseconds` if not given, which hold the years 1677 to 2262. */
  fineTimes?: 'nanoseconds' | 'microseconds' | 'truncate' | 'text';
  /** What `datetimeoffset` becomes; a `struct` of moment and offset if not given. */
  offsets?: 'struct' | 'utc' | 'text';
  /** What `uniqueidentifier` becomes; 16 bytes if not given. */
  uuids?: 'binary' | 'text';
  /** What is done about text that is not well-formed UTF-16; an error if not given. */
  surrogates?: 'refuse' | 'replace';
}

/** Rows and SHA-256 (lower-case hexadecimal) of a table's canonical text. */
export interface Digest {
  readonly rows: bigint;
  readonly sha256: string;
}

export type BackupKind = 'automatic' | 'manual';

/** A backup as the listing shows it. */
export interface Backup {
  /** File name: `{tenant}_{yyyyMMddHHmmss}.bacpac`, in UTC. */
  readonly name: string;
  readonly tenant: string;
  /** `null` without a manifest. */
  readonly kind: BackupKind | null;
  /** When it was begun, by its name: ISO 8601. */
  readonly created: string;
  readonly size: bigint;
}

/** Which backups to list. Everything by default. */
export interface ListFilter {
  tenant?: string;
  kind?: BackupKind;
  /** Only those created at or after this moment. */
  since?: Date | string;
  /** Only those created before this moment. */
  before?: Date | string;
}

/** A pin: while it holds, the backup is not removed. */
export interface Hold {
  reason: string;
  /** Until when; for good if not given. */
  until?: Date | string;
}

/** What is known of a backup beside its name, kind and size. What is not known is not there. */
export interface Manifest {
  readonly file: string;
  readonly kind?: BackupKind;
  readonly size?: bigint;
  readonly sha256?: string;
  readonly parts?: readonly { readonly name: string; readonly size: bigint; readonly sha256: string }[];
  readonly tables?: readonly { readonly table: string; readonly rows: bigint }[];
  readonly rows?: bigint;
  readonly server?: string;
  readonly database?: string;
  readonly serverVersion?: string;
  readonly consistency?: Consistency;
  readonly libraryVersion?: string;
  readonly started?: string;
  readonly finished?: string;
  readonly scheduled?: string;
  readonly requestedBy?: string;
  readonly note?: string;
  readonly hold?: { readonly reason: string; readonly until?: string };
  /** When the file was last read back whole and found as written. */
  readonly verified?: string;
  /** What was wrong when it was last read back. */
  readonly damaged?: string;
  readonly warnings?: readonly string[];
}

/** What reading a backup whole has shown. */
export interface BackupCheck {
  readonly bytes: bigint;
  /** Tables that have rows. */
  readonly tables: bigint;
  readonly rows: bigint;
  /** Whether there was a manifest with a SHA-256 to compare with. */
  readonly compared: boolean;
  /** What is wrong; none for a good backup. */
  readonly faults: readonly string[];
}

/** Which backup to make. */
export interface BackupOptions extends ProgressOptions {
  server: Server;
  database: string;
  /** `manual` if not given. */
  kind?: BackupKind;
  requestedBy?: string;
  note?: string;
  /** Options of the export. */
  export?: ExportSettings;
}

/** How to download. Whole, and checked against the manifest, by default. */
export interface DownloadSettings {
  /** First byte. */
  start?: number | bigint;
  /** The byte after the last. */
  end?: number | bigint;
  /** Only this version of the file: the `eTag` of the download that is taken up again. */
  eTag?: string;
  /** How often a broken connection is taken up again. */
  retries?: number;
}

/** How to restore. */
export interface RestoreSettings {
  /** The new database; named by `naming` if not given. */
  database?: string;
  /** How restored databases are named: `{prefix}_{tenant}_{yyyyMMdd}_restore`; the prefix is `CifraHQ` if not given. */
  naming?: { prefix?: string };
  import?: ImportSettings;
  /** Compare the file with its manifest before anything is done; `true` if not given. */
  checkFile?: boolean;
  /** Compare the new database with the file, row by row, in the end; `true` if not given. */
  verify?: boolean;
}

/** A database that was restored. */
export interface Restored {
  readonly database: string;
  readonly import: ImportReport;
  readonly verification: Verification | null;
}

/** Which backups of each tenant are kept. A backup is kept if any rule keeps it. */
export interface RetentionPolicy {
  /** Days that every backup is kept, by the calendar of the zone; 21 if not given. */
  days?: number;
  /** The newest so many. */
  last?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
  /** IANA name of the zone of days; `America/New_York` if not given. */
  zone?: string;
}

/** What a policy says of a backup. */
export interface RetentionDecision extends Backup {
  readonly remove: boolean;
  readonly reason: string;
}

/** What removing did. */
export interface RetentionReport {
  readonly removed: readonly string[];
  readonly bytes: bigint;
  /** Backups that were pinned since the plan was made. */
  readonly spared: readonly string[];
  /** Manifests of files that are not there any more. */
  readonly leftovers: bigint;
}
