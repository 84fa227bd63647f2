// Consecutive entries of a channel for readers behind: one by one, or several in one message for recipients that take it so.

import { fieldLimits } from '@longwire/protocol';
import type { Codec, Payload } from './codec.js';
import { EncodedPush, type EntryPushes, type Viewpoint } from './encoded-push.js';

/** What is queued at once: one entry, or several. */
export interface EntryBatch {
  readonly push: EncodedPush;
  /** The offset of its last entry. */
  readonly to: number;
}

export class EntryBatches {
  /** Ascending. */
  readonly #entries: readonly EntryPushes[];
  /** Of several entries, by their first one and the viewpoint, for all who come back to the same place. */
  readonly #joined = new Map<Codec, Map<string, EntryBatch>>();

  constructor(entries: readonly EntryPushes[]) {
    this.#entries = entries;
  }

  /** The entry after `position`, up to `head`; undefined if there is none. */
  one(viewpoint: Viewpoint, position: number, head: number): EntryBatch | undefined {
    const entry = this.#entryAfter(position, head);
    return entry && { push: entry.for(viewpoint), to: entry.entry.offset };
  }

  /** As many entries after `position`, up to `head`, as fit into one message; undefined if there is none. */
  several(viewpoint: Viewpoint, position: number, head: number): EntryBatch | undefined {
    const { user, codec } = viewpoint;
    const joined = this.#joinedIn(codec);
    const id = `${position} ${head} ${user}`;
    let batch = joined.get(id);
    if (batch !== undefined) return batch;
    const payloads: Payload[] = [];
    let bytes = 0;
    let to = position;
    for (;;) {
      const entry = this.#entryAfter(to, head);
      if (entry === undefined) break;
      const payload = entry.payloadFor(viewpoint);
      bytes += Buffer.byteLength(payload) + 1;
      if (bytes > fieldLimits.batchBytes && payloads.length > 0) break;
      payloads.push(payload);
      to = entry.entry.offset;
    }
    if (payloads.length === 0) return undefined;
    batch = { push: new EncodedPush(codec.join(payloads)), to };
    joined.set(id, batch);
    return batch;
  }

  #joinedIn(codec: Codec): Map<string, EntryBatch> {
    let joined = this.#joined.get(codec);
    if (joined === undefined) {
      joined = new Map();
      this.#joined.set(codec, joined);
    }
    return joined;
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
