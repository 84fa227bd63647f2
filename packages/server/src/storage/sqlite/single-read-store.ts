// Single notifications that a user has read, above the read cursor of their inbox.

import type { SingleRead } from '../cursors.js';
import { MAX_SINGLE_READS } from '../cursors.js';
import { type DamageListener, readAround } from './damage.js';
import type { ChannelLog } from './places/channel-log.js';
import type { ChannelState } from './tables/channel-state.js';
import type { ChannelTable } from './tables/channel-table.js';
import { MESSAGE_KIND } from './tables/entry-row.js';
import type { UncountedTable } from './tables/uncounted-table.js';
import type { WorkerCalls } from './threads/worker-messages.js';

interface SingleReadParts {
  readonly channels: ChannelTable;
  readonly log: ChannelLog;
  readonly uncounted: UncountedTable;
  readonly onDamage: DamageListener;
}

export class SingleReadStore {
  readonly #parts: SingleReadParts;

  constructor(parts: SingleReadParts) {
    this.#parts = parts;
  }

  /** Inside a transaction. Undefined: there are as many as there may be. */
  write({ channel, offset, read }: WorkerCalls['readSingly']['input']): WorkerCalls['readSingly']['output'] {
    const { channels, uncounted } = this.#parts;
    const state = channels.find(channel);
    if (state === undefined) return [];
    const above = Math.max(read, state.base);
    const known = uncounted.singles(state.number, above);
    if (offset <= above || known.includes(offset) || !this.#isThere(state, offset)) return known;
    if (known.length >= MAX_SINGLE_READS) return undefined;
    uncounted.putSingle(state.number, offset);
    return uncounted.singles(state.number, above);
  }

  /** Whether a message of an application is there, which counts as unread. */
  #isThere(state: ChannelState, offset: SingleRead['offset']): boolean {
    const { log, onDamage } = this.#parts;
    const seq = offset > state.head ? undefined : log.seqAt(state.number, offset);
    if (seq === undefined) return false;
    const row = readAround(state.key, onDamage, () => log.readable(state, { offset, seq }));
    return row !== undefined && row.removed === undefined && row.sender === 0 && row.kind === MESSAGE_KIND;
  }
}
