// Consecutive entries of a channel for readers behind: one by one, or several in one message for recipients that take it so.

import { fieldLimits, type UserId } from '@longwire/protocol';
import { EncodedPush, type EntryPushes } from './encoded-push.js';

/** What is queued at once: one entry, or several. */
export interface EntryBatch {
  readonly push: EncodedPush;
  /** The offset of its last entry. */
  readonly to: number;
}

export class EntryBatches {
  /** Ascending. */
  readonly #entries: readonly EntryPushes[];
  /** Of several entries, by their first one and the viewer, for all who come back to the same place. */
  readonly #joined = new Map<string, EntryBatch>();

  constructor(entries: readonly EntryPushes[]) {
    this.#entries = entries;
  }

  /** The entry after `position`, up to `head`; undefined if there is none. */
  one(viewer: UserId, position: number, head: number): EntryBatch | undefined {
    const entry = this.#entryAfter(position, head);
    return entry && { push: entry.for(viewer), to: entry.entry.offset };
  }

  /** As many entries after `position`, up to `head`, as fit into one message; undefined if there is none. */
  several(viewer: UserId, position: number, head: number): EntryBatch | undefined {
    const id = `${position} ${head} ${viewer}`;
    let batch = this.#joined.get(id);
    if (batch !== undefined) return batch;
    const texts: string[] = [];
    let bytes = 0;
    let to = position;
    for (;;) {
      const entry = this.#entryAfter(to, head);
      if (entry === undefined) break;
      const text = entry.textFor(viewer);
      bytes += Buffer.byteLength(text) + 1;
      if (bytes > fieldLimits.batchBytes && texts.length > 0) break;
      texts.push(text);
      to = entry.entry.offset;
    }
    if (texts.length === 0) return undefined;
    batch = { push: new EncodedPush(texts.join('\n')), to };
    this.#joined.set(id, batch);
    return batch;
  }

  #entryAfter(position: number, head: number): EntryPushes | undefined {
    const entries = this.#entries;
    const first = entries[0]?.entry.offset ?? 0;
    // Nearly always right: offsets have few holes.
    let index = Math.min(Math.max(0, position + 1 - first), entries.length - 1);
    while (index > 0 && entries[index - 1]!.entry.offset > position) index -= 1;
    const next = entries[index];
    // Cut at the head: what is committed but not fanned out yet arrives as a live entry.
    return next === undefined || next.entry.offset <= position || next.entry.offset > head ? undefined : next;
  }
}
