// The client's algorithm (PROTOCOL, "What a client does"): which of the things a server pushes are new, which were
// handed on before, and which cannot be. Pure: no sockets, no handlers, no time.

import type { EntryPosition, Epoch, GapPush, Position, SentAnswer } from '@longwire/protocol';

/**
 * - `next`: to be handed on; the position has moved
 * - `seen`: handed on before, to be dropped
 * - `fault`: entries between are missing and no gap was told: nothing moved, reconnect with cursors
 */
export type Reading = 'next' | 'seen' | 'fault';

type GapPlace = Pick<GapPush, 'channel' | 'epoch' | 'next' | 'reason'>;
type SentPlace = Pick<SentAnswer, 'channel' | 'epoch' | 'offset'>;

interface ChannelPlace {
  epoch: Epoch;
  offset: number;
  /** The server's own cursor cannot be relied on: told first in `connect`. */
  mustBeTold: boolean;
}

/** Holds one position per channel and epoch. A channel without one takes it from its first entry or gap. */
export class PositionReader {
  // In the order of last movement, so that `connect` tells the most lively ones if not all fit.
  readonly #places = new Map<string, ChannelPlace>();

  /** @param positions  what the app stored with its own data; these win over the cursors that the server holds */
  constructor(positions: Iterable<readonly [string, Position]> = []) {
    for (const [channel, { epoch, offset }] of positions) {
      this.#places.set(channel, { epoch, offset, mustBeTold: true });
    }
  }

  /** An entry of any kind, known or not. `next` moves the position onto it. */
  readEntry(entry: EntryPosition): Reading {
    const place = this.#places.get(entry.channel);
    if (place !== undefined) {
      // Offsets compare only within an epoch, and the way into another one is a gap.
      const isSameEpoch = place.epoch === entry.epoch;
      if (isSameEpoch && entry.offset <= place.offset) return 'seen';
      if (!isSameEpoch || entry.offset !== place.offset + 1 + (entry.skipped ?? 0)) {
        place.mustBeTold = true;
        return 'fault';
      }
    }
    this.#move(entry.channel, entry.epoch, entry.offset);
    return 'next';
  }

  /**
   * The answer to a send: it stands in the stream in the place of its entry. True if the position moved.
   * Where no position is known it establishes none: what lies below is perhaps still to come.
   */
  readSent(sent: SentPlace): boolean {
    const place = this.#places.get(sent.channel);
    if (place?.epoch !== sent.epoch || sent.offset !== place.offset + 1) return false;
    this.#move(sent.channel, sent.epoch, sent.offset);
    return true;
  }

  /** Entries that will not come. True if this is news; false if the position is past all of them. */
  readGap(gap: GapPlace): boolean {
    const place = this.#places.get(gap.channel);
    // A position never goes back within an epoch: what was handed on would be handed on again. But reason `epoch` says
    // that the position is none of this log, so what comes now was never handed on, whatever its offset.
    const isPast = place?.epoch === gap.epoch && gap.next - 1 <= place.offset;
    if (isPast && gap.reason !== 'epoch') return false;
    this.#move(gap.channel, gap.epoch, gap.next - 1);
    return true;
  }

  /** The position in the channel's present epoch; undefined as long as nothing of it was read. */
  positionOf(channel: string): Position | undefined {
    const place = this.#places.get(channel);
    return place && { epoch: place.epoch, offset: place.offset };
  }

  /**
   * What `connect` tells the server. If not all fit, those that the server cannot know from acks come first, then those
   * that moved last; the others resume from the device's cursor, and what is pushed again is dropped as `seen`.
   * @param maxBytes  of their JSON text, by an estimate that is never too low
   */
  cursors(maxCount: number, maxBytes: number): Record<string, Position> {
    const told: [string, Position][] = [];
    const newestFirst = [...this.#places].reverse();
    let bytes = 0;
    for (const wanted of [true, false]) {
      for (const [channel, { epoch, offset, mustBeTold }] of newestFirst) {
        if (mustBeTold !== wanted) continue;
        bytes += cursorBytes(channel, epoch);
        if (told.length === maxCount || bytes > maxBytes) return Object.fromEntries(told);
        told.push([channel, { epoch, offset }]);
      }
    }
    // fromEntries defines properties, so that a channel named `__proto__` is a key like any other.
    return Object.fromEntries(told);
  }

  #move(channel: string, epoch: Epoch, offset: number): void {
    // Set anew, so that the map stays in the order of last movement.
    this.#places.delete(channel);
    this.#places.set(channel, { epoch, offset, mustBeTold: false });
  }
}

/** A UTF-16 unit of an address takes at most 3 bytes in JSON: of what would take more, addresses have nothing. */
function cursorBytes(channel: string, epoch: string): number {
  const punctuationAndOffset = 50;
  return 3 * channel.length + epoch.length + punctuationAndOffset;
}
