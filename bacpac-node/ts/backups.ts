// The backups of many tenants' databases in a store.

import { perform, type CallOptions, type ProgressOptions } from './call.js';
import { fromCore, toCore } from './data.js';
import { Download } from './download.js';
import { native, type Backups as NativeBackups } from './native.js';
import { placeOf, type Place } from './places.js';
import { serverOf } from './server.js';
import type {
  Backup,
  BackupCheck,
  BackupOptions,
  DownloadSettings,
  Hold,
  ListFilter,
  Manifest,
  RestoreSettings,
  Restored,
  RetentionDecision,
  RetentionPolicy,
  RetentionReport,
  Server,
} from './types.js';

/** The backups in a folder of a store. A local folder is made if it is not there. */
export class Backups {
  readonly #native: NativeBackups;

  constructor(store: Place) {
    this.#native = new native.Backups(...placeOf(store));
  }

  /** The backups, newest first. */
  async list(options: ListFilter & CallOptions = {}): Promise<readonly Backup[]> {
    const filter = toCore(options);
    return fromCore(await perform(options, (call) => this.#native.list(call, filter)));
  }

  /** Makes a backup of a tenant's database, reads it back, and writes its manifest. */
  async now(tenant: string, options: BackupOptions): Promise<{ backup: Backup; manifest: Manifest }> {
    const { server, database } = options;
    const request = toCore(options, ['server', 'database', 'export']);
    const given = toCore(options.export ?? {});
    return fromCore(
      await perform(options, (call) => this.#native.now(call, serverOf(server), database, tenant, request, given)),
    );
  }

  /** What is known of a backup; `null` where it has no manifest. */
  async manifest(name: string, options: CallOptions = {}): Promise<Manifest | null> {
    return fromCore(await perform(options, (call) => this.#native.manifest(call, name)));
  }

  /** Reads a backup whole and checks it, to the last row; what is found is written into its manifest. */
  async verify(name: string, options: CallOptions = {}): Promise<BackupCheck> {
    return fromCore(await perform(options, (call) => this.#native.verify(call, name)));
  }

  /**
   * A link by which somebody without credentials downloads the backup, good for `seconds`: up to 7 days. S3, Azure and
   * Google Cloud Storage make links.
   */
  async link(name: string, seconds: number, options: CallOptions = {}): Promise<{ url: string; fileName: string }> {
    return fromCore(await perform(options, (call) => this.#native.link(call, name, seconds)));
  }

  /** Begins a download. The signal is good for all of it. */
  async download(name: string, options: DownloadSettings & CallOptions = {}): Promise<Download> {
    const given = toCore(options);
    return new Download(await perform(options, (call) => this.#native.download(call, name, given)), options);
  }

  /** A backup as a new database, compared with it in the end. A database that exists is never touched. */
  async restore(name: string, server: Server, options: RestoreSettings & ProgressOptions = {}): Promise<Restored> {
    const given = toCore(options);
    return fromCore(await perform(options, (call) => this.#native.restore(call, name, serverOf(server), given)));
  }

  /** Pins a backup, so that nothing removes it. */
  async hold(name: string, hold: Hold, options: CallOptions = {}): Promise<Manifest> {
    return this.#hold(name, toCore(hold), options);
  }

  /** Lets a pinned backup go. */
  async release(name: string, options: CallOptions = {}): Promise<Manifest> {
    return this.#hold(name, 'null', options);
  }

  async #hold(name: string, hold: string, options: CallOptions): Promise<Manifest> {
    return fromCore(await perform(options, (call) => this.#native.hold(call, name, hold)));
  }

  /** What a policy says of each backup, and why. Nothing is removed. */
  async plan(policy: RetentionPolicy, options: { now?: Date | string } & CallOptions = {}): Promise<readonly RetentionDecision[]> {
    return (await this.#prune(policy, options, false)).plan;
  }

  /** Removes what a policy does not keep. */
  async prune(
    policy: RetentionPolicy,
    options: { now?: Date | string } & CallOptions = {},
  ): Promise<{ plan: readonly RetentionDecision[]; report: RetentionReport }> {
    return this.#prune(policy, options, true);
  }

  async #prune(
    policy: RetentionPolicy,
    options: { now?: Date | string } & CallOptions,
    apply: boolean,
  ): Promise<{ plan: readonly RetentionDecision[]; report: RetentionReport }> {
    const now = options.now instanceof Date ? options.now.toISOString() : options.now;
    const given = toCore(policy);
    return fromCore(await perform(options, (call) => this.#native.prune(call, given, now, apply)));
  }
}
