// The store that a configuration names.

import type { DataLocation, ServerConfig } from './config/server-config.js';
import { invalidConfig } from './errors.js';
import type { Logger } from './runtime/logger.js';
import { openMemoryStore } from './storage/memory/memory-store.js';
import { quotasOf } from './storage/quotas.js';
import { hasSqliteStore, openSqliteStore } from './storage/sqlite/sqlite-store.js';
import type { Store } from './storage/store.js';

/**
 * Gives every channel of a data folder a new epoch: for a store that was set back in a way that a start cannot notice, with
 * its disk or its machine. No server may use the folder meanwhile.
 * @param onNotice  called with sentences for the user
 * @throws ServerError `invalid_config` (there is no store), or what opening the store throws
 */
export async function startNewEra(data: DataLocation, onNotice: (message: string) => void): Promise<void> {
  const refuse = (message: string) => invalidConfig([{ key: 'data', message }]);
  if (data.kind === 'memory') throw refuse('data is memory:, where each start begins a new era');
  if (!hasSqliteStore(data.path))
    throw refuse(`${data.path} has no messages of a Longwire server: choose its data folder with --data`);
  const store = await openSqliteStore({ folder: data.path, needsNewEra: true, onNotice });
  await store.close();
}

export function openStore({ data, limits, groups }: ServerConfig, logger: Logger): Promise<Store> {
  const { devicesPerUser } = limits;
  const quotas = quotasOf(limits, groups);
  if (data.kind === 'memory') return openMemoryStore({ maxBytes: limits.memoryBytes, devicesPerUser, quotas });
  return openSqliteStore({
    folder: data.path,
    keyWindowEntries: limits.keyWindow,
    devicesPerUser,
    quotas,
    onNotice: (message) => logger.warn({}, message),
  });
}
