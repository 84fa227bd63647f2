// The end of one channel's log while a reader is behind in it: the head that was fanned out, and the newest entries.

import type { Epoch } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import { retainedBytes } from '../channel/entry.js';
import type { EntryPushes } from './encoded-push.js';
import type { BudgetedRing, RingBudget } from './ring-budget.js';

/** An entry in a ring takes memory for itself and for what it is encoded as, once for each of two viewpoints. */
const COPIES = 3;
/** Entries a tail keeps so that readers join it without reading the log once more. */
const MAX_RING_ENTRIES = 256;
/** As many entries as a page has, with their copies. */
export const MAX_RING_BYTES = COPIES * 256 * 1024;

export class ChannelTail implements BudgetedRing {
  readonly channel: Channel;
  epoch: Epoch;
  /** The newest offset that is committed and fanned out by this process. */
  head: number;
  /** Readers behind in this channel; the tail is dropped with the last one. */
  readers = 0;
  /** Readers that wait for a page of this channel. */
  #pins = 0;
  readonly #rings: RingBudget;
  /** Contiguous, ascending, ending at `head`. Empty as well when the budget emptied it. */
  #ring: EntryPushes[] = [];
  #ringBytes = 0;

  constructor(channel: Channel, epoch: Epoch, head: number, rings: RingBudget) {
    this.channel = channel;
    this.epoch = epoch;
    this.head = head;
    this.#rings = rings;
  }

  get ringBytes(): number {
    return this.#ringBytes;
  }

  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** Keeps everything that arrives from now on, within the bounds of one ring, until `unpin`. */
  pin(): void {
    this.#pins += 1;
  }

  unpin(): void {
    this.#pins -= 1;
  }

  add(pushes: EntryPushes): void {
    const { entry } = pushes;
    const before = this.#ringBytes;
    if (entry.offset !== this.head + 1) this.emptyRing();
    this.head = entry.offset;
    this.epoch = entry.epoch;
    pushes.keep();
    this.#ring.push(pushes);
    this.#ringBytes += COPIES * retainedBytes(entry);
    while (this.#ring.length > MAX_RING_ENTRIES || (this.#ringBytes > MAX_RING_BYTES && this.#ring.length > 1)) {
      this.#ringBytes -= COPIES * retainedBytes(this.#ring.shift()!.entry);
    }
    this.#rings.use(this, this.#ringBytes - before);
  }

  /** Raises the head to what a comparison with the log said; entries in between were never seen here. */
  raise(head: number): void {
    if (head <= this.head) return;
    this.head = head;
    const before = this.#ringBytes;
    this.emptyRing();
    this.#rings.use(this, -before);
  }

  /** All of (position, head]; undefined if the ring does not reach back that far. */
  since(position: number): readonly EntryPushes[] | undefined {
    const missing = this.head - position;
    if (missing <= 0) return [];
    if (missing > this.#ring.length) return undefined;
    const recent = this.#ring.slice(this.#ring.length - missing);
    // Last: this may empty the ring itself.
    this.#rings.use(this, 0);
    return recent;
  }

  emptyRing(): void {
    this.#ring = [];
    this.#ringBytes = 0;
  }

  /** No reader is behind in this channel any more. */
  drop(): void {
    this.#rings.remove(this);
  }
}
