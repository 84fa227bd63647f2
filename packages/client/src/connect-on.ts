// A client on a given platform: its time, network and storage.

import { type ConnectOptions, resolveClientOptions } from './arguments/options.js';
import { LongwireClient } from './client.js';
import { ClientCore } from './client-core.js';
import type { Platform } from './platform/platform.js';

export function connectOn(platform: Platform, options: ConnectOptions): LongwireClient {
  const core = new ClientCore(resolveClientOptions(options, platform.pageUrl()), platform);
  // In a microtask: a client that is closed in the turn that made it (a framework mounting twice) opens no socket.
  void Promise.resolve().then(() => core.start());
  return new LongwireClient(core);
}
