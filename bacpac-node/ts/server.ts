// Which server.

import type { Server as NativeServer } from './native.js';
import type { Server } from './types.js';

/** @internal */
export function serverOf(server: Server): NativeServer {
  return typeof server === 'string' ? { connectionString: server } : server;
}
