// All channels of a user, a slice at a time: what is done with them need not hold them all.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { OrderGate } from '../bus/order-gate.js';
import type { ChannelStatus, Directory } from '../storage/directory.js';
import type { StoreTurns } from './store-turns.js';

/** Channels of one call: the storage thread takes about 5 ms for them, and others wait for that long. */
const SLICE_CHANNELS = 200;

/** Where slices come from. */
export interface ChannelSource {
  readonly directory: Directory;
  readonly turns: StoreTurns;
  readonly gate: Pick<OrderGate, 'whenApplied'>;
}

/**
 * The user's channels as the device stands to them: a slice comes when everything it has seen was fanned out. Between two
 * slices commits are made, and other users have their turn.
 */
export async function* channelSlices(
  { directory, turns, gate }: ChannelSource,
  user: UserId,
  device: DeviceId,
): AsyncGenerator<readonly ChannelStatus[], void, undefined> {
  let after: number | undefined;
  do {
    const next = after;
    const slice = await turns.run(user, () => directory.channelStatuses(user, device, next, SLICE_CHANNELS));
    await gate.whenApplied(slice.through);
    yield slice.channels;
    after = slice.next;
  } while (after !== undefined);
}

/** The newest of all channels that come by, by the time of their last entry. Holds no more of them than are wanted. */
export class NewestChannels {
  readonly #count: number;
  readonly #olderThan: number;
  /** Newest first. */
  readonly #channels: ChannelStatus[] = [];
  #isMore = false;

  /** @param olderThan  a `recency`: what is as new or newer is passed over */
  constructor(count: number, olderThan = Number.POSITIVE_INFINITY) {
    this.#count = count;
    this.#olderThan = olderThan;
  }

  add(status: ChannelStatus): void {
    // What the user has left is no longer one of their channels, although entries of it may be due.
    if (status.recency >= this.#olderThan || status.left !== undefined) return;
    const channels = this.#channels;
    this.#isMore ||= channels.length === this.#count;
    const last = channels.at(-1);
    if (channels.length === this.#count && last !== undefined && status.recency < last.recency) return;
    channels.splice(placeOf(status.recency, channels), 0, status);
    if (channels.length > this.#count) channels.pop();
  }

  get channels(): readonly ChannelStatus[] {
    return this.#channels;
  }

  /** There are older ones. */
  get isMore(): boolean {
    return this.#isMore;
  }
}

/** Where a channel belongs among those that are sorted by recency, newest first. */
function placeOf(recency: number, channels: readonly ChannelStatus[]): number {
  let low = 0;
  let high = channels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (channels[middle]!.recency >= recency) low = middle + 1;
    else high = middle;
  }
  return low;
}
