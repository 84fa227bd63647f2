// What the writer keeps in memory of one channel in use, and how it is read: from the log's newest entry, or from the ones
// before it where that one cannot be read.

import type { Channel } from '../../../channel/channel.js';
import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import { type ChannelLog, UnreadableEntry } from '../places/channel-log.js';
import { brokenPlaces, type PlacedChannel } from '../places/place-table.js';
import type { Place } from '../places/recent-places.js';
import type { EntryRow } from './entry-row.js';

/** Numbers stand for users and channels as in the tables. Changed by appends; dropped, not repaired, after a rollback. */
export interface ChannelState {
  readonly number: number;
  readonly key: ChannelName;
  readonly channel: Channel;
  /** The two users of a direct channel, and twice the one of an inbox; 0 in other channels. */
  readonly lowUser: number;
  readonly highUser: number;
  readonly life: number;
  base: number;
  readonly createdAt: number;
  /** Number of the newest row that changed who may do what here; 0: none did. */
  rights: number;
  isClosed: boolean;
  /** Which of the two users of a direct channel blocks the other: {@link LOW_BLOCKS}, {@link HIGH_BLOCKS}. */
  blocks: number;
  /** Number of the row that gave the channel its settings; 0: none did. */
  settings: number;
  /** Users who are in a group. */
  memberCount: number;
  /** False: it has had no entry yet, only rows that changed its rights. */
  isBegun: boolean;
  head: number;
  messages: number;
  /** `message` entries of the pair's first user; the rest is the second one's. In a channel with oneself: all. */
  lowMessages: number;
  /** `message` entries of a direct channel that none of its users wrote. */
  otherMessages: number;
  /** Of a direct channel: bytes of content of its users that were ever stored, and those of the pair's first user. */
  bytes: number;
  lowBytes: number;
  lastAt: number;
  /** Row number of the newest entry: ascending over all channels. */
  lastRow: number;
  /** The rows of the pair's users in the table `member`, once they were read. In a channel with oneself only the first. */
  lowMember: KnownMember | undefined;
  highMember: KnownMember | undefined;
}

export const LOW_BLOCKS = 1;
export const HIGH_BLOCKS = 2;

/** A user in a channel, as in the table `member`: their newest stay, and how far they have read. */
export interface MemberRow {
  readonly user: number;
  readonly channel: number;
  readonly visibleFrom: number;
  readonly leftAt: number | null;
  readonly read: number;
  readonly delivered: number;
  /** Of a group; 0: the channel names its users. */
  readonly joined: number;
  readonly dueFrom: number;
  /** Number of the role; 0: there are none. */
  readonly role: number;
  /** Stays before this one, which are in the table `stay`. */
  readonly stays: number;
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

/** The number of a user whom the channel itself names. */
export function namedNumber({ channel, lowUser, highUser }: ChannelState, user: string): number | undefined {
  if (channel.kind === 'direct') {
    if (user === channel.low) return lowUser;
    return user === channel.high ? highUser : undefined;
  }
  return channel.kind === 'inbox' && user === channel.user ? lowUser : undefined;
}

/** How many `message` entries the pair's first user has, from any row of the channel. */
export function lowMessagesAt(
  { highUser, lowUser }: Pick<ChannelState, 'lowUser' | 'highUser'>,
  row: Pick<EntryRow, 'sender' | 'messages' | 'senderMessages' | 'otherMessages'>,
): number {
  const isOfHigh = row.sender === highUser && highUser !== lowUser;
  return isOfHigh ? row.messages - row.otherMessages - row.senderMessages : row.senderMessages;
}

/** The same of bytes of content. */
export function lowBytesAt(
  { highUser, lowUser }: Pick<ChannelState, 'lowUser' | 'highUser'>,
  row: Pick<EntryRow, 'sender' | 'bytes' | 'senderBytes'>,
): number {
  return row.sender === highUser && highUser !== lowUser ? row.bytes - row.senderBytes : row.senderBytes;
}

export type ChannelEnd = Pick<
  ChannelState,
  'head' | 'messages' | 'lowMessages' | 'otherMessages' | 'bytes' | 'lowBytes' | 'lastAt' | 'lastRow'
>;

/** Whose end is looked for. */
export type ChannelFacts = Pick<ChannelState, 'number' | 'key' | 'base' | 'lowUser' | 'highUser' | 'isBegun'>;

export class ChannelEnds {
  readonly #log: ChannelLog;

  constructor(log: ChannelLog) {
    this.#log = log;
  }

  /** @throws ServerError `corrupt`: it cannot be found where the log ends */
  of(channel: ChannelFacts): ChannelEnd {
    if (!channel.isBegun) return endFrom(channel, NO_ROW, NOTHING_PASSED, { head: 0, lastRow: 0 });
    const { offset: head, seq: lastRow } = this.positionOf(channel);
    // Where the newest entry cannot be read, the newest readable one has the counts.
    let passed = 0;
    let passedLow = 0;
    // The newest one also where everything was removed.
    for (let offset = head; offset > Math.min(channel.base, head - 1); offset -= 1) {
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
  positionOf(channel: PlacedChannel & Pick<ChannelState, 'isBegun'>): Place {
    if (!channel.isBegun) return NO_PLACE;
    const end = this.#log.end(channel);
    // It keeps its newest entry.
    if (end === undefined) throw brokenPlaces(channel.key);
    return end;
  }
}

const NO_PLACE: Place = { offset: 0, seq: 0 };
const NOTHING_PASSED = { passed: 0, passedLow: 0 };
const NO_ROW = {
  sender: 0,
  messages: 0,
  senderMessages: 0,
  otherMessages: 0,
  bytes: 0,
  senderBytes: 0,
  at: 0,
};

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
    otherMessages: row.otherMessages,
    bytes: row.bytes,
    lowBytes: lowBytesAt(channel, row),
    lastAt: row.at,
    lastRow: place.lastRow,
  };
}
