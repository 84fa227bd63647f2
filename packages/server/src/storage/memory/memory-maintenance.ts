// Removal from the logs of the memory engine. A removed entry keeps its place, its counts and its key.

import { contentBytes, type Entry, emptyContent, makeEntry, type RemovalReason } from '../../channel/entry.js';
import type { MaintenanceProgress, MaintenanceStep } from '../maintenance.js';
import type { MemoryQuotas } from './memory-quotas.js';
import { type MemoryChannel, type MemoryState, senderOf } from './memory-state.js';

type Step<Kind extends MaintenanceStep['kind']> = Extract<MaintenanceStep, { readonly kind: Kind }>;

const DONE: MaintenanceProgress = { isDone: true };

export class MemoryMaintenance {
  readonly #state: MemoryState;
  readonly #quotas: MemoryQuotas;

  constructor(state: MemoryState, quotas: MemoryQuotas) {
    this.#state = state;
    this.#quotas = quotas;
  }

  /** @param until of `performance.now()` */
  run(step: MaintenanceStep, until: number): MaintenanceProgress {
    const isOver = () => performance.now() >= until;
    switch (step.kind) {
      case 'trim':
        return this.#trim(step, isOver);
      case 'remove':
        return this.#remove(step, isOver);
      case 'erase':
        return this.#erase(step, isOver);
      case 'expire':
        return this.#expire(step, isOver);
    }
  }

  #trim(step: Step<'trim'>, isOver: () => boolean): MaintenanceProgress {
    const channel = this.#state.channels.get(step.channel.key);
    if (channel === undefined) return DONE;
    channel.base = Math.max(channel.base, Math.min(step.through, channel.entries.length));
    while (channel.swept < channel.base) {
      channel.swept += 1;
      this.strip(channel, channel.swept, 'expired');
      if (isOver() && channel.swept < channel.base) return { isDone: false, next: step };
    }
    return DONE;
  }

  #remove(step: Step<'remove'>, isOver: () => boolean): MaintenanceProgress {
    const channel = this.#state.channels.get(step.channel.key);
    if (channel === undefined) return DONE;
    for (const [index, offset] of step.offsets.entries()) {
      this.strip(channel, offset, step.reason);
      const left = step.offsets.length - index - 1;
      if (isOver() && left > 0) return { isDone: false, next: { ...step, offsets: step.offsets.slice(-left) } };
    }
    return DONE;
  }

  #erase(step: Step<'erase'>, isOver: () => boolean): MaintenanceProgress {
    const { user, after = { channel: 0, offset: 0 } } = step;
    for (const channel of this.#state.channelsOf(user)) {
      if (channel.number < after.channel) continue;
      for (let offset = channel.number === after.channel ? after.offset + 1 : 1; offset <= channel.entries.length; ) {
        if (channel.entries[offset - 1]!.from === user) this.strip(channel, offset, 'erased');
        offset += 1;
        const done = { channel: channel.number, offset: offset - 1 };
        if (isOver()) return { isDone: false, next: { ...step, after: done } };
      }
    }
    return DONE;
  }

  #expire(step: Step<'expire'>, isOver: () => boolean): MaintenanceProgress {
    const { expiries } = this.#state;
    for (const expiry of expiries) {
      if (expiry.at > step.now) continue;
      expiries.delete(expiry);
      this.strip(expiry.channel, expiry.offset, 'expired');
      if (isOver()) return { isDone: false, next: step };
    }
    return DONE;
  }

  /** Makes an entry a tombstone. */
  strip(channel: MemoryChannel, offset: number, reason: RemovalReason): void {
    const entry = channel.entries[offset - 1];
    if (entry === undefined) return;
    const known = channel.removed.get(offset);
    // What was removed before keeps its key until its sender is erased.
    if (known !== undefined && (reason !== 'erased' || known === 'erased')) return;
    const stripped = strippedEntry(entry, reason === 'erased' ? undefined : entry.key);
    channel.entries[offset - 1] = stripped;
    channel.removed.set(offset, reason);
    this.#replaceKey(channel, entry, stripped);
    this.#state.replaceRow(channel.rowNumbers[offset - 1]!, entry, stripped);
    if (entry.slot !== undefined && channel.slots.get(entry.slot) === offset) channel.slots.delete(entry.slot);
    if (entry.from !== undefined) this.#quotas.giveBack(entry.from, contentBytes(entry));
  }

  #replaceKey(channel: MemoryChannel, entry: Entry, stripped: Entry): void {
    const keys = channel.keys.get(senderOf(entry));
    if (entry.key === undefined || keys?.get(entry.key) !== entry) return;
    if (stripped.key === undefined) keys.delete(entry.key);
    else keys.set(entry.key, stripped);
  }
}

function strippedEntry(entry: Entry, key: string | undefined): Entry {
  const { kind, from, by, channel } = entry;
  return makeEntry(channel, { ...emptyContent, kind, from, by, key }, entry);
}
