// The engine that forgets everything with its process: for tests, demonstrations and as the model of the others.

import type { ServerError } from '../../errors.js';
import type { Cursors } from '../cursors.js';
import type { Directory } from '../directory.js';
import type { MessageLog } from '../message-log.js';
import type { Store } from '../store.js';
import { MemoryCursors } from './memory-cursors.js';
import { MemoryDirectory } from './memory-directory.js';
import { MemoryMessageLog } from './memory-log.js';
import { MemoryState } from './memory-state.js';

/** Opens an empty store in memory. Nothing survives its process; each opening is a new era. */
export function openMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly cursors: Cursors;
  readonly description = 'memory (nothing survives this process)';
  readonly isWritable = true;
  onFatal: ((error: ServerError) => void) | undefined;
  onDamage: ((damage: ServerError) => void) | undefined;
  readonly #state = new MemoryState();

  constructor() {
    this.log = new MemoryMessageLog(this.#state);
    this.directory = new MemoryDirectory(this.#state);
    this.cursors = new MemoryCursors(this.#state);
  }

  async close(): Promise<void> {
    this.#state.close();
  }
}
