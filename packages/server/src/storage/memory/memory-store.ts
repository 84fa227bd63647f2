// The engine that keeps nothing: for trying Longwire, for tests of applications, and as the model of the other engine.

import type { LaneNumbers } from '../../channel/lane.js';
import type { ServerError } from '../../errors.js';
import type { Cursors } from '../cursors.js';
import type { Directory } from '../directory.js';
import type { MessageLog } from '../message-log.js';
import type { Preferences } from '../preferences.js';
import type { Profiles } from '../profiles.js';
import { type StoreQuotas, unlimitedQuotas } from '../quotas.js';
import type { Store } from '../store.js';
import type { UserStates } from '../user-states.js';
import { MemoryCursors } from './memory-cursors.js';
import { MemoryDirectory } from './memory-directory.js';
import { MemoryMessageLog } from './memory-log.js';
import { MemoryPreferences } from './memory-preferences.js';
import { MemoryProfiles } from './memory-profiles.js';
import { MemoryState } from './memory-state.js';
import { MemoryUserStates } from './memory-user-states.js';

export interface MemoryStoreOptions {
  /** Entries, users, devices and channels together, as estimated. Beyond it nothing new is stored. */
  readonly maxBytes: number;
  /** For another one, the longest unused is forgotten. Default 32. */
  readonly devicesPerUser?: number;
  /** Default: none. */
  readonly quotas?: StoreQuotas;
}

const DEFAULT_DEVICES = 32;

/** Opens an empty store in memory. Nothing survives its process; each opening is a new era. */
export async function openMemoryStore(options: MemoryStoreOptions): Promise<Store> {
  const { maxBytes, devicesPerUser = DEFAULT_DEVICES, quotas = unlimitedQuotas } = options;
  return new MemoryStore(maxBytes, devicesPerUser, quotas);
}

class MemoryStore implements Store {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly cursors: Cursors;
  readonly userStates: UserStates;
  readonly preferences: Preferences;
  readonly profiles: Profiles;
  readonly lanes: LaneNumbers;
  readonly description = 'memory (nothing is kept when the server ends)';
  onFatal: ((error: ServerError) => void) | undefined;
  onDamage: ((damage: ServerError) => void) | undefined;
  /** Never called: nothing here is large. */
  onHeld: Store['onHeld'];
  readonly #state: MemoryState;

  constructor(maxBytes: number, devicesPerUser: number, quotas: StoreQuotas) {
    this.#state = new MemoryState(maxBytes);
    this.log = new MemoryMessageLog(this.#state, quotas);
    this.directory = new MemoryDirectory(this.#state, devicesPerUser);
    this.cursors = new MemoryCursors(this.#state);
    this.preferences = new MemoryPreferences(this.#state);
    this.profiles = new MemoryProfiles(this.#state);
    this.userStates = new MemoryUserStates(this.#state);
    this.lanes = this.#state.through;
  }

  get isWritable(): boolean {
    return !this.#state.isFull;
  }

  async close(): Promise<void> {
    this.#state.close();
  }
}
