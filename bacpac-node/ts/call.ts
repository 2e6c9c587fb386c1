// A call of an operation: its signal, its progress, its error.

import { fromCore } from './data.js';
import { cancelled, errorOf } from './errors.js';
import { native, type Call, type Outcome } from './native.js';
import type { Storage } from './places.js';
import type { Progress } from './types.js';

/** What every operation takes beside its own options. */
export interface CallOptions {
  /** Cancels the operation. It cleans up first; then its promise rejects with a `CancelledError`. */
  signal?: AbortSignal | undefined;
}

/** What the longer operations take beside their own options. */
export interface ProgressOptions extends CallOptions {
  /** Is told how far the operation is. If it throws, the operation is cancelled, and rejects with what was thrown. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** @internal */
export function valueOf<T>(outcome: Outcome<T>, cause?: unknown): T {
  if ('error' in outcome) {
    throw errorOf(outcome.error, cause);
  }
  return outcome.value;
}

/** @internal Runs an operation and waits for it, whatever happens. */
export async function perform<T>(
  options: ProgressOptions,
  begin: (call: Call) => Promise<Outcome<T>>,
  ...storages: Storage<unknown>[]
): Promise<T> {
  const { signal, onProgress } = options;
  if (signal?.aborted) {
    throw cancelled(signal.reason);
  }
  let failure: { thrown: unknown } | undefined;
  const report = (): void => {
    for (const snapshot of call.takeProgress()) {
      try {
        if (!failure) onProgress?.(fromCore(valueOf(snapshot)));
      } catch (thrown) {
        failure = { thrown };
        call.cancel();
      }
    }
  };
  const call = new native.Call(onProgress ? report : undefined);
  const abort = (): void => call.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const outcome = await begun(() => begin(call));
    report();
    if (failure) {
      throw failure.thrown;
    }
    const wasCancelled = 'error' in outcome && outcome.error.kind === 'cancelled';
    const cause = wasCancelled ? signal?.reason : storages.find((storage) => storage.failure !== undefined)?.failure;
    return valueOf(outcome, cause);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** An argument of a wrong type is a `TypeError`, as everywhere else. */
function begun<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin();
  } catch (e) {
    const code = (e as { code?: unknown }).code;
    const isType = typeof code === 'string' && /^(InvalidArg|\w+Expected)$/.test(code);
    throw isType ? new TypeError((e as Error).message, { cause: e }) : e;
  }
}
