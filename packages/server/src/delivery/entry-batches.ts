// Consecutive entries of a channel, and the gaps between them, for readers behind: one by one, or several in one message for
// recipients that take it so.

import { fieldLimits } from '@longwire/protocol';
import type { Codec, Payload } from './codec.js';
import { EncodedPush, type EntryPushes, GapPushes, type Viewpoint } from './encoded-push.js';

/** What is queued at once: one entry, or several. */
export interface EntryBatch {
  readonly push: EncodedPush;
  /** The last offset that it is about. */
  readonly to: number;
}

type ItemPushes = EntryPushes | GapPushes;

export class EntryBatches {
  /** Ascending. */
  readonly #items: readonly ItemPushes[];
  /** Of several entries, by their first one and the viewpoint, for all who come back to the same place. */
  readonly #joined = new Map<Codec, Map<string, EntryBatch>>();

  constructor(items: readonly ItemPushes[]) {
    this.#items = items;
  }

  /** The entry or gap after `position`, up to `head`; undefined if there is none. */
  one(viewpoint: Viewpoint, position: number, head: number): EntryBatch | undefined {
    const item = this.#itemAfter(position, head);
    return item && { push: item.for(viewpoint), to: item.to };
  }

  /** As many entries and gaps after `position`, up to `head`, as fit into one message; undefined if there is none. */
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
      const item = this.#itemAfter(to, head);
      if (item === undefined) break;
      const payload = item.payloadFor(viewpoint);
      bytes += Buffer.byteLength(payload) + 1;
      if (bytes > fieldLimits.batchBytes && payloads.length > 0) break;
      payloads.push(payload);
      to = item.to;
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

  /** Cut at the head: what is committed but not fanned out yet arrives as a live entry. */
  #itemAfter(position: number, head: number): ItemPushes | undefined {
    const next = this.#items[this.#indexAfter(position)];
    if (next === undefined || Math.max(next.from, position + 1) > head) return undefined;
    return next instanceof GapPushes ? next.within(position + 1, head) : next;
  }

  /** Of the first item that ends above `position`. */
  #indexAfter(position: number): number {
    const items = this.#items;
    // Nearly always right: there are few gaps, and most are of one entry.
    const guess = position + 1 - (items[0]?.from ?? 0);
    if (guess >= 0 && guess < items.length && items[guess]!.from === position + 1) return guess;
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle]!.to > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
