// The client's algorithm (PROTOCOL, "What a client does"): which pushes are new, which were delivered before, and which
// are faults. Pure: no sockets, no handlers, no time.

import type { EntryPlace, Epoch, GapPush, Position, SentAnswer } from '@longwire/protocol';

/**
 * - `next`: to be delivered; the position has moved
 * - `seen`: delivered before, to be dropped
 * - `fault`: entries are missing without a gap; nothing moved, and the client must reconnect with cursors
 */
export type Reading = 'next' | 'seen' | 'fault';

type GapPlace = Pick<GapPush, 'channel' | 'epoch' | 'next' | 'reason'>;
type SentPlace = Pick<SentAnswer, 'channel' | 'epoch' | 'offset'>;

interface ChannelPlace {
  epoch: Epoch;
  offset: number;
  /** The server's own cursor may be wrong, so `connect` must have this position. */
  isServerUnsure: boolean;
}

/** One position per channel. A channel without a position gets it from its first entry or gap. */
export class PositionReader {
  // In the order of last movement, so that `connect` has the most active ones if not all fit.
  readonly #places = new Map<string, ChannelPlace>();

  /** @param positions  stored by the app with its own data; they replace the cursors of the server */
  constructor(positions: Iterable<readonly [string, Position]> = []) {
    for (const [channel, { epoch, offset }] of positions) {
      this.#places.set(channel, { epoch, offset, isServerUnsure: true });
    }
  }

  /** An entry of any kind. `next` moves the position to it. */
  readEntry(entry: EntryPlace): Reading {
    const place = this.#places.get(entry.channel);
    if (place !== undefined) {
      // Offsets compare only within an epoch, and only a gap leads into another one.
      const isSameEpoch = place.epoch === entry.epoch;
      if (isSameEpoch && entry.offset <= place.offset) return 'seen';
      if (!isSameEpoch || entry.offset !== place.offset + 1 + (entry.skipped ?? 0)) {
        place.isServerUnsure = true;
        return 'fault';
      }
    }
    this.#move(entry.channel, entry.epoch, entry.offset);
    return 'next';
  }

  /**
   * The answer to a send, which takes the place of its entry in the stream. True if the position moved.
   * It does not establish an unknown position, because entries below it may still come.
   */
  readSent(sent: SentPlace): boolean {
    const place = this.#places.get(sent.channel);
    if (place?.epoch !== sent.epoch || sent.offset !== place.offset + 1) return false;
    this.#move(sent.channel, sent.epoch, sent.offset);
    return true;
  }

  /** Entries that will not come. True if the position moved; false if it was past all of them. */
  readGap(gap: GapPlace): boolean {
    const place = this.#places.get(gap.channel);
    // A position never moves back within an epoch, or entries would be delivered twice. But reason `epoch` means that the
    // position is not one of this log, so that the coming entries were never delivered, whatever their offsets.
    const isPast = place?.epoch === gap.epoch && gap.next - 1 <= place.offset;
    if (isPast && gap.reason !== 'epoch') return false;
    this.#move(gap.channel, gap.epoch, gap.next - 1);
    return true;
  }

  /** The position in the channel; undefined until an entry or a gap established it. */
  positionOf(channel: string): Position | undefined {
    const place = this.#places.get(channel);
    return place && { epoch: place.epoch, offset: place.offset };
  }

  /**
   * The positions for `connect`. If not all fit, first those that the server cannot know from acks, then those that moved
   * last. The other channels resume from the device's cursors, and entries that are pushed again are dropped as `seen`.
   * @param maxBytes  of their JSON text, by an estimate that is never too low
   */
  cursors(maxCount: number, maxBytes: number): Record<string, Position> {
    const chosen: [string, Position][] = [];
    const newestFirst = [...this.#places].reverse();
    let bytes = 0;
    for (const wanted of [true, false]) {
      for (const [channel, { epoch, offset, isServerUnsure }] of newestFirst) {
        if (isServerUnsure !== wanted) continue;
        bytes += cursorBytes(channel, epoch);
        if (chosen.length === maxCount || bytes > maxBytes) return Object.fromEntries(chosen);
        chosen.push([channel, { epoch, offset }]);
      }
    }
    // fromEntries defines properties, so that a channel named `__proto__` is a key like any other.
    return Object.fromEntries(chosen);
  }

  #move(channel: string, epoch: Epoch, offset: number): void {
    // Deleted first, so that the map stays in the order of last movement.
    this.#places.delete(channel);
    this.#places.set(channel, { epoch, offset, isServerUnsure: false });
  }
}

/** A UTF-16 unit of an address takes at most 3 bytes in JSON: addresses have no characters that need escapes. */
function cursorBytes(channel: string, epoch: string): number {
  const punctuationAndOffset = 50;
  return 3 * channel.length + epoch.length + punctuationAndOffset;
}
