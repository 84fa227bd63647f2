// The end of one channel's log while somebody is behind in it: the head that was fanned out, and the newest entries.

import type { Epoch } from '@longwire/protocol';
import type { ChannelKey } from '../channel/channel-key.js';
import { retainedBytes } from '../channel/entry.js';
import type { EntryPushes } from './encoded-push.js';

/** Entries a tail keeps so that readers join it without reading the log once more. */
const MAX_RING_ENTRIES = 256;
const MAX_RING_BYTES = 256 * 1024;

export class ChannelTail {
  readonly channel: ChannelKey;
  epoch: Epoch;
  /** The newest offset that is committed and fanned out by this process. */
  head: number;
  /** Readers behind in this channel; the tail is dropped with the last one. */
  readers = 0;
  /** Contiguous, ascending, ending at `head`. */
  readonly #ring: EntryPushes[] = [];
  #ringBytes = 0;

  constructor(channel: ChannelKey, epoch: Epoch, head: number) {
    this.channel = channel;
    this.epoch = epoch;
    this.head = head;
  }

  add(pushes: EntryPushes): void {
    const { entry } = pushes;
    if (entry.offset !== this.head + 1) this.#forget();
    this.head = entry.offset;
    this.epoch = entry.epoch;
    this.#ring.push(pushes);
    this.#ringBytes += retainedBytes(entry);
    while (this.#ring.length > MAX_RING_ENTRIES || (this.#ringBytes > MAX_RING_BYTES && this.#ring.length > 1)) {
      this.#ringBytes -= retainedBytes(this.#ring.shift()!.entry);
    }
  }

  /** Raises the head to what a comparison with the log told; entries in between were never seen here. */
  raise(head: number): void {
    if (head <= this.head) return;
    this.head = head;
    this.#forget();
  }

  /** All of (position, head]; undefined if the ring does not reach back that far. */
  since(position: number): readonly EntryPushes[] | undefined {
    const missing = this.head - position;
    if (missing <= 0) return [];
    if (missing > this.#ring.length) return undefined;
    return this.#ring.slice(this.#ring.length - missing);
  }

  #forget(): void {
    this.#ring.length = 0;
    this.#ringBytes = 0;
  }
}
