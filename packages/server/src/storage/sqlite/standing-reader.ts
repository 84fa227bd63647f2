// A user's channels as one device stands to them, and their descriptions for people.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { ChannelKey } from '../../channel/channel-key.js';
import type { MemberState } from '../directory.js';
import { StorageError } from '../storage-error.js';
import { type ChannelState, lowMessagesAt } from './channel-state.js';
import { type ChannelTable, verifyChannelRow } from './channel-table.js';
import type { DeviceTable } from './device-table.js';
import { integerOf, type SqlDatabase, type SqlStatement, textOf } from './driver/sql-database.js';
import { cursorFrom, type MemberRow, type MemberTable, memberFrom } from './member-table.js';
import type { HeadFrame, PageFrame } from './page-frames.js';
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
  readonly #membersAfter: SqlStatement;
  readonly #memberBefore: SqlStatement;
  readonly #cursorsAfter: SqlStatement;
  readonly #channel: SqlStatement;

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
    const columns = 'user, channel, visible_from, left_at, read, delivered, crc';
    this.#membersAfter = database.prepare(
      `SELECT ${columns} FROM member WHERE (user, channel) > (?, ?) ORDER BY user, channel LIMIT ?`,
    );
    this.#memberBefore = database.prepare(
      `SELECT ${columns} FROM member WHERE (user, channel) < (?, ?) ORDER BY user DESC, channel DESC LIMIT 1`,
    );
    this.#cursorsAfter = database.prepare(
      'SELECT device, channel, offset, crc FROM cursor WHERE (device, channel) > (?, ?) ORDER BY device, channel LIMIT ?',
    );
    this.#channel = database.prepare(
      'SELECT id, name, kind, life, base, low_user, high_user, created_at, crc FROM channel WHERE id = ?',
    );
  }

  standings(user: UserId, device: DeviceId, after: number | undefined, limit: number): StandingSliceFrame {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return { standings: [], next: undefined };
    const members = this.#membersOf(userNumber, after ?? 0, limit + 1);
    const slice = members.slice(0, limit);
    const deviceNumber = this.#devices.find(user, device);
    const cursors = deviceNumber === undefined ? new Map() : this.#cursorsOf(deviceNumber, after ?? 0, limit + 1);
    const standings = slice
      .filter(({ leftAt }) => leftAt === null)
      .map((member) => this.#standing(member, cursors.get(member.channel)));
    return { standings, next: members.length > limit ? slice.at(-1)?.channel : undefined };
  }

  /**
   * Memberships in the order of the table, at most `count`. The rows before and after them are verified as well: they
   * would be the user's if their keys were damaged.
   */
  #membersOf(user: number, after: number, count: number): MemberRow[] {
    const before = this.#memberBefore.get([user, after + 1]);
    if (before !== undefined) memberFrom(before);
    const members: MemberRow[] = [];
    for (const row of this.#membersAfter.all([user, after, count])) {
      const member = memberFrom(row);
      if (member.user !== user) break;
      members.push(member);
    }
    return members;
  }

  /** The device's cursors by channel; a device has none where its user is no member, so `count` reaches as far. */
  #cursorsOf(device: number, after: number, count: number): ReadonlyMap<number, number> {
    const cursors = new Map<number, number>();
    for (const row of this.#cursorsAfter.all([device, after, count])) {
      const cursor = cursorFrom(row);
      if (cursor.device !== device) break;
      cursors.set(cursor.channel, cursor.offset);
    }
    return cursors;
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

  #standing(member: MemberRow, cursor: number | undefined): StandingFrame {
    const row = this.#channel.get([member.channel]);
    if (row === undefined) throw new StorageError('corrupt', `channel number ${member.channel} has members but no row`);
    verifyChannelRow(row);
    const key = textOf(row, 'name') as ChannelKey;
    const base = integerOf(row, 'base');
    const end = this.#channels.cached(key) ?? this.#channels.headOf(member.channel, base, key);
    return {
      channel: key,
      life: integerOf(row, 'life'),
      head: end.head,
      base,
      visibleFrom: member.visibleFrom,
      cursor,
      read: member.read,
      recency: end.lastRow,
    };
  }
}

function missingMember(user: string, key: ChannelKey): StorageError {
  return new StorageError('corrupt', `${user} is missing from the members of ${key}; restore the store from a backup`);
}
