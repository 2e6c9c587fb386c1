// Errors: a class for each kind that the core has.

import { fromCore } from './data.js';
import { native, type ErrorData } from './native.js';
import type { Finding } from './types.js';

/** Where it went wrong; `row` and `byte` count from 0 within `part`. */
export interface ErrorContext {
  /** Host or address of the server. */
  readonly server?: string;
  readonly database?: string;
  /** Table or other object, as `[schema].[name]`. */
  readonly object?: string;
  readonly column?: string;
  /** Part of the package, e.g. `/Data/dbo.T/TableData-000-00000.BCP`. */
  readonly part?: string;
  readonly row?: bigint;
  readonly byte?: bigint;
}

/** What the server said. */
export interface ServerMessage {
  /** Message number, e.g. 18456. */
  readonly number: number;
  readonly state: number;
  /** Severity. */
  readonly class: number;
  readonly message: string;
  readonly procedure: string | null;
  /** Line within the batch. */
  readonly line: number;
}

/** What went wrong, where, and what to do about it. */
export class BacpacError extends Error {
  /** The stable name of its kind, e.g. `login`. */
  readonly code: string;
  /** The stable number of its kind. */
  readonly number: number;
  /** The message without its context. */
  readonly summary: string;
  readonly context: ErrorContext;
  /** What the server said, where the error came from the server. */
  readonly server: ServerMessage | undefined;
  /** What to do about it, where a remedy is known. */
  readonly help: string | undefined;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** All that a preflight found, where that is what stands in the way. */
  readonly findings: readonly Finding[] | undefined;

  /** @internal */
  constructor(data: ErrorData, cause?: unknown) {
    super(data.text, cause === undefined ? undefined : { cause });
    this.code = data.kind;
    this.number = Number(data.number);
    this.summary = data.message;
    this.context = Object.fromEntries(Object.entries(data.context).filter(([, value]) => value !== null));
    const said = data.server;
    this.server = said
      ? { ...said, number: Number(said.number), state: Number(said.state), class: Number(said.class), line: Number(said.line) }
      : undefined;
    this.help = data.help ?? undefined;
    this.retryable = data.retryable;
    this.findings = data.findings ? fromCore(data.findings) : undefined;
    // As for Node's own aborted operations, so that code that looks for those finds these.
    this.name = data.kind === 'cancelled' ? 'AbortError' : new.target.name;
  }
}

/** The caller cancelled; work that was under way has been undone. Its `name` is `AbortError`, its `cause` the signal's reason. */
export class CancelledError extends BacpacError {}
/** An option or argument that cannot be used. */
export class InvalidArgumentError extends BacpacError {}
/** A local read or write failed. */
export class IoError extends BacpacError {}
/** The object store, or storage of the caller's own, failed. */
export class StorageError extends BacpacError {}
/** The file or object is not there. */
export class NotFoundError extends BacpacError {}
/** The target file or object exists already. */
export class AlreadyExistsError extends BacpacError {}
/** The ZIP archive is damaged or not one we can read. */
export class ArchiveError extends BacpacError {}
/** A part of the package is missing or breaks the package rules. */
export class PackageError extends BacpacError {}
/** A checksum differs from the one recorded. */
export class ChecksumError extends BacpacError {}
/** The package, model or server is of a version this library (or the target) cannot take. */
export class UnsupportedVersionError extends BacpacError {}
/** `model.xml` is damaged or contradicts itself. */
export class ModelError extends BacpacError {}
/** Row data that does not decode: where is in the context. */
export class DataError extends BacpacError {}
/** Model and data, or table and data, disagree. */
export class MismatchError extends BacpacError {}
/** Something the package or the server holds that this library cannot carry. */
export class UnsupportedError extends BacpacError {}
/** The server cannot be reached. */
export class ConnectError extends BacpacError {}
/** The TLS handshake failed, or the certificate is not trusted. */
export class TlsError extends BacpacError {}
/** The server refused the login. */
export class LoginError extends BacpacError {}
/** The login lacks a right. */
export class PermissionError extends BacpacError {}
/** The target database exists and is not empty. */
export class DatabaseExistsError extends BacpacError {}
/** The source database does not exist, or the login may not open it. */
export class DatabaseNotFoundError extends BacpacError {}
/** The package refers to a login or user that the target lacks. */
export class PrincipalNotFoundError extends BacpacError {}
/** The server could not convert a value. */
export class ConversionError extends BacpacError {}
/** Rows break a constraint or a unique index. */
export class ConstraintError extends BacpacError {}
/** An error of the server that has no kind of its own; see `server`. */
export class ServerError extends BacpacError {}
/** No answer in time. */
export class TimeoutError extends BacpacError {}
/** The connection broke. */
export class ConnectionLostError extends BacpacError {}
/** What was written is not what was read. */
export class VerificationError extends BacpacError {}
/** A fault of this library; please report it. */
export class InternalError extends BacpacError {}

const classes: Record<string, new (data: ErrorData, cause?: unknown) => BacpacError> = {
  cancelled: CancelledError,
  invalid_argument: InvalidArgumentError,
  io: IoError,
  storage: StorageError,
  not_found: NotFoundError,
  already_exists: AlreadyExistsError,
  archive: ArchiveError,
  package: PackageError,
  checksum: ChecksumError,
  unsupported_version: UnsupportedVersionError,
  model: ModelError,
  data: DataError,
  mismatch: MismatchError,
  unsupported: UnsupportedError,
  connect: ConnectError,
  tls: TlsError,
  login: LoginError,
  permission: PermissionError,
  database_exists: DatabaseExistsError,
  database_not_found: DatabaseNotFoundError,
  principal_not_found: PrincipalNotFoundError,
  conversion: ConversionError,
  constraint: ConstraintError,
  server: ServerError,
  timeout: TimeoutError,
  connection_lost: ConnectionLostError,
  verification: VerificationError,
  internal: InternalError,
};

/** A kind of error: the `code` and the `number` of its errors, and their class. */
export interface ErrorKind {
  readonly name: string;
  readonly number: number;
  readonly class: typeof BacpacError;
}

/** Every kind of error that the library has, by number. */
export const errorKinds: readonly ErrorKind[] = native
  .errorKinds()
  .map((kind) => ({ ...kind, class: (classes[kind.name] ?? BacpacError) as typeof BacpacError }));

/** @internal */
export function errorOf(data: ErrorData, cause?: unknown): BacpacError {
  return new (classes[data.kind] ?? BacpacError)(data, cause);
}

/** @internal */
export function cancelled(reason: unknown): BacpacError {
  const text = 'cancelled by the caller';
  const data = { kind: 'cancelled', number: 1n, text, message: text, context: {}, server: null, help: null, retryable: false };
  return errorOf(data, reason);
}
