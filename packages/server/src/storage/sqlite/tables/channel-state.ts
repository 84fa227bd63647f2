// What the writer keeps in memory of one channel in use, and how it is read: from the log's newest entry, or from the ones
// before it where that one cannot be read.

import { ServerError } from '../../../errors.js';
import type { ChannelName, DirectPair } from '../../channel-name.js';
import { type ChannelLog, UnreadableEntry } from '../places/channel-log.js';
import { brokenPlaces, type PlacedChannel } from '../places/place-table.js';
import type { Place } from '../places/recent-places.js';
import type { EntryRow } from './entry-row.js';

/** Numbers stand for users and channels as in the tables. Changed by appends; dropped, not repaired, after a rollback. */
export interface ChannelState {
  readonly number: number;
  readonly key: ChannelName;
  readonly pair: DirectPair;
  readonly lowUser: number;
  readonly highUser: number;
  readonly life: number;
  readonly base: number;
  readonly createdAt: number;
  head: number;
  messages: number;
  /** `message` entries of the pair's first user; the rest is the second one's. In a channel with oneself: all. */
  lowMessages: number;
  /** Bytes of content that were ever stored, and those of the pair's first user. */
  bytes: number;
  lowBytes: number;
  lastAt: number;
  /** Row number of the newest entry: ascending over all channels. */
  lastRow: number;
  /** The rows of the pair's users in the table `member`, once they were read. In a channel with oneself only the first. */
  lowMember: KnownMember | undefined;
  highMember: KnownMember | undefined;
}

/** A user in a channel, as in the table `member`. */
export interface MemberRow {
  readonly user: number;
  readonly channel: number;
  readonly visibleFrom: number;
  readonly leftAt: number | null;
  readonly read: number;
  readonly delivered: number;
}

/** A row of `member` in memory, with what was counted for it. */
export interface KnownMember extends MemberRow {
  /** Up to this offset the others have written `othersThen` entries of kind `message`; -1: not counted yet. */
  countedAt: number;
  othersThen: number;
  /** Up to this offset the others have written `receivedBytes` of content; -1: not counted yet. */
  receivedAt: number;
  receivedBytes: number;
}

/** The number of a user where the name is one of the channel's two. */
export function memberNumber({ pair, lowUser, highUser }: ChannelState, user: string): number | undefined {
  if (user === pair[0]) return lowUser;
  return user === pair[1] ? highUser : undefined;
}

/** How many `message` entries the pair's first user has, from any row of the channel. */
export function lowMessagesAt(
  state: Pick<ChannelState, 'lowUser'>,
  row: Pick<EntryRow, 'sender' | 'messages' | 'senderMessages'>,
): number {
  return row.sender === state.lowUser ? row.senderMessages : row.messages - row.senderMessages;
}

/** The same of bytes of content. */
export function lowBytesAt(
  state: Pick<ChannelState, 'lowUser'>,
  row: Pick<EntryRow, 'sender' | 'bytes' | 'senderBytes'>,
): number {
  return row.sender === state.lowUser ? row.senderBytes : row.bytes - row.senderBytes;
}

export type ChannelEnd = Pick<
  ChannelState,
  'head' | 'messages' | 'lowMessages' | 'bytes' | 'lowBytes' | 'lastAt' | 'lastRow'
>;

/** Whose end is looked for. */
export type ChannelFacts = Pick<ChannelState, 'number' | 'key' | 'base' | 'lowUser' | 'highUser'>;

export class ChannelEnds {
  readonly #log: ChannelLog;

  constructor(log: ChannelLog) {
    this.#log = log;
  }

  /** @throws ServerError `corrupt`: it cannot be found where the log ends */
  of(channel: ChannelFacts): ChannelEnd {
    const { offset: head, seq: lastRow } = this.positionOf(channel);
    // Where the newest entry cannot be read, the newest readable one has the counts.
    let passed = 0;
    let passedLow = 0;
    for (let offset = head; offset > channel.base; offset -= 1) {
      const seq = offset === head ? lastRow : this.#log.seqAt(channel.number, offset);
      const row = seq === undefined ? undefined : this.#log.row(channel.number, { offset, seq });
      if (row !== undefined && !(row instanceof UnreadableEntry)) {
        return endFrom(channel, row, { passed, passedLow }, { head, lastRow });
      }
      // A mistake makes the unread count of one of the two wrong by one, until they have read past it.
      passed += 1;
      if (this.#log.claimedSender(channel.number, offset) !== channel.highUser) passedLow += 1;
    }
    if (channel.base === 0) return endFrom(channel, NO_ROW, { passed, passedLow }, { head, lastRow });
    // What retention removed was counted in what cannot be read.
    throw new ServerError('corrupt', `${channel.key}: none of its entries can be read`, { offset: head });
  }

  /**
   * Offset and row of a channel's newest entry, for callers that pass over many channels once.
   * @throws ServerError `corrupt`
   */
  positionOf(channel: PlacedChannel): Place {
    const end = this.#log.end(channel);
    // A channel is created together with its first entry, and keeps its newest one.
    if (end === undefined) throw brokenPlaces(channel.key);
    return end;
  }
}

const NO_ROW = { sender: 0, messages: 0, senderMessages: 0, bytes: 0, senderBytes: 0, at: 0 };

/** From the counts of a row, and of the entries after it that were passed over. */
function endFrom(
  channel: ChannelFacts,
  row: typeof NO_ROW | EntryRow,
  { passed, passedLow }: { readonly passed: number; readonly passedLow: number },
  place: Pick<ChannelEnd, 'head' | 'lastRow'>,
): ChannelEnd {
  return {
    head: place.head,
    messages: row.messages + passed,
    lowMessages: lowMessagesAt(channel, row) + passedLow,
    bytes: row.bytes,
    lowBytes: lowBytesAt(channel, row),
    lastAt: row.at,
    lastRow: place.lastRow,
  };
}
