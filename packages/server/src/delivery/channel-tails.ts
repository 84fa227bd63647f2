// The ends of the logs of channels in which a reader is behind: there is none for any other channel.

import type { Epoch } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import { ChannelTail } from './channel-tail.js';
import type { EntryPushes } from './encoded-push.js';
import type { LogReader } from './log-reader.js';
import type { RingBudget } from './ring-budget.js';

export class ChannelTails {
  readonly #rings: RingBudget;
  readonly #tails = new Map<ChannelKey, ChannelTail>();

  constructor(rings: RingBudget) {
    this.#rings = rings;
  }

  get size(): number {
    return this.#tails.size;
  }

  /** A new entry of its channel, which is kept if a reader is behind there. */
  add(pushes: EntryPushes): void {
    this.#tails.get(pushes.entry.channel.key)?.add(pushes);
  }

  /** Created with this head if no reader was behind until now. */
  of(channel: Channel, epoch: Epoch, head: number): ChannelTail {
    let tail = this.#tails.get(channel.key);
    if (tail === undefined) {
      tail = new ChannelTail(channel, epoch, head, this.#rings);
      this.#tails.set(channel.key, tail);
    }
    return tail;
  }

  /** Created at this entry, the newest one of its channel, if no reader was behind until now. */
  at(pushes: EntryPushes): ChannelTail {
    const { entry } = pushes;
    const known = this.#tails.get(entry.channel.key);
    if (known !== undefined) return known;
    const tail = this.of(entry.channel, entry.epoch, entry.offset - 1);
    tail.add(pushes);
    return tail;
  }

  /** The reader is no longer behind in the channel. */
  release(reader: LogReader, channel: Channel): void {
    const tail = reader.behind.get(channel.key)?.tail;
    reader.catchUpWith(channel);
    if (tail !== undefined) this.dropUnused(tail);
  }

  /** After a tail was asked for, and perhaps no reader fell behind. */
  dropUnused(tail: ChannelTail): void {
    if (tail.readers > 0 || this.#tails.get(tail.channel.key) !== tail) return;
    this.#tails.delete(tail.channel.key);
    tail.drop();
  }
}
