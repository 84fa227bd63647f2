// A user's channels as one device stands to them, and their descriptions for people.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { ChannelKey } from '../../channel/channel-key.js';
import type { MemberState } from '../directory.js';
import { StorageError } from '../storage-error.js';
import { type ChannelState, lowMessagesAt } from './channel-state.js';
import { type ChannelTable, verifyChannelRow } from './channel-table.js';
import type { DeviceTable } from './device-table.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, textOf } from './driver/sql-database.js';
import { cursorFrom, type MemberTable, memberFrom } from './member-table.js';
import { type HeadFrame, headFrameOf, type PageFrame } from './page-frames.js';
import type { PageReader } from './page-reader.js';
import type { UserTable } from './user-table.js';

export interface StandingFrame extends HeadFrame {
  readonly visibleFrom: number;
  readonly cursor: number | undefined;
  readonly read: number;
  readonly recency: number;
}

export interface StandingSliceFrame {
  readonly standings: readonly StandingFrame[];
  readonly next: number | undefined;
}

export interface DescriptionFrame {
  readonly visibleFrom: number;
  readonly unread: number;
  readonly last: PageFrame;
  readonly members: readonly MemberState[];
}

const NO_BYTE_LIMIT = Number.MAX_SAFE_INTEGER;

export class StandingReader {
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #pages: PageReader;
  readonly #slice: SqlStatement;
  readonly #cursor: SqlStatement;

  constructor(
    database: SqlDatabase,
    tables: {
      readonly users: UserTable;
      readonly channels: ChannelTable;
      readonly devices: DeviceTable;
      readonly members: MemberTable;
      readonly pages: PageReader;
    },
  ) {
    this.#users = tables.users;
    this.#channels = tables.channels;
    this.#devices = tables.devices;
    this.#members = tables.members;
    this.#pages = tables.pages;
    this.#slice = database.prepare(
      `SELECT m.user, m.channel, m.visible_from, m.left_at, m.read, m.delivered, m.crc, c.id, c.name, c.kind, c.life, c.base,
         c.low_user, c.high_user, c.created_at, c.crc AS channel_crc
       FROM member m LEFT JOIN channel c ON c.id = m.channel
       WHERE m.user = ? AND m.channel > ? AND m.left_at IS NULL ORDER BY m.channel LIMIT ?`,
    );
    this.#cursor = database.prepare('SELECT device, channel, offset, crc FROM cursor WHERE device = ? AND channel = ?');
  }

  standings(user: UserId, device: DeviceId, after: number | undefined, limit: number): StandingSliceFrame {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return { standings: [], next: undefined };
    const deviceNumber = this.#devices.find(user, device);
    const rows = this.#slice.all([userNumber, after ?? 0, limit + 1]);
    const hasMore = rows.length > limit;
    const slice = hasMore ? rows.slice(0, limit) : rows;
    const standings = slice.map((row) => this.#standing(row, deviceNumber));
    const last = slice.at(-1);
    return { standings, next: hasMore && last !== undefined ? integerOf(last, 'channel') : undefined };
  }

  /** Undefined: the user is not in the channel. */
  describe(user: UserId, key: ChannelKey, callersRead: number): DescriptionFrame | undefined {
    const state = this.#channels.find(key);
    const number = state === undefined ? undefined : this.#members.numberIn(state, user);
    if (state === undefined || number === undefined) return undefined;
    const member = this.#members.find(number, state);
    if (member === undefined) throw missingMember(user, key);
    const read = Math.max(callersRead, member.read, member.visibleFrom - 1);
    return {
      visibleFrom: member.visibleFrom,
      unread: this.#countUnread(state, number, read),
      last: this.#pages.read(state, {
        channel: key,
        direction: 'before',
        offset: Number.MAX_SAFE_INTEGER,
        limit: 1,
        maxBytes: NO_BYTE_LIMIT,
      }),
      members: this.#memberStates(state),
    };
  }

  /** semantics, Unread: each row counts what lies before it, so two look-ups answer; the newest is in memory. */
  #countUnread(state: ChannelState, user: number, read: number): number {
    if (read >= state.head) return 0;
    const next = this.#pages.rowAfter(state, read);
    // What `next` counts includes itself.
    const isLow = user === state.lowUser;
    const own = isLow ? state.lowMessages : state.messages - state.lowMessages;
    const ownThen = isLow ? lowMessagesAt(state, next) : next.messages - lowMessagesAt(state, next);
    const others = state.messages - own;
    const othersThen = next.messages - ownThen;
    const nextIsOthers = next.sender !== user ? 1 : 0;
    return others - othersThen + nextIsOthers;
  }

  #memberStates(state: ChannelState): MemberState[] {
    const users = state.lowUser === state.highUser ? [state.pair[0]] : state.pair;
    return users.map((user) => {
      const row = this.#members.find(user === state.pair[0] ? state.lowUser : state.highUser, state);
      if (row === undefined) throw missingMember(user, state.key);
      return { user, delivered: row.delivered, read: row.read };
    });
  }

  #standing(row: SqlRow, device: number | undefined): StandingFrame {
    const number = integerOf(row, 'channel');
    if (row['name'] === null) throw new StorageError('corrupt', `channel number ${number} has members but no row`);
    const key = textOf(row, 'name') as ChannelKey;
    const member = memberFrom(row, key);
    verifyChannelRow({ ...row, crc: row['channel_crc'] ?? null });
    const base = integerOf(row, 'base');
    const cached = this.#channels.cached(key);
    const end = cached ?? this.#channels.headOf(number, base, key);
    const cursor = device === undefined ? undefined : this.#cursor.get([device, number]);
    return {
      ...headFrameOf(key, cached),
      life: integerOf(row, 'life'),
      head: end.head,
      base,
      visibleFrom: member.visibleFrom,
      cursor: cursor === undefined ? undefined : cursorFrom(cursor, key),
      read: member.read,
      recency: end.lastRow,
    };
  }
}

function missingMember(user: string, key: ChannelKey): StorageError {
  return new StorageError('corrupt', `${user} is missing from the members of ${key}; restore the store from a backup`);
}
