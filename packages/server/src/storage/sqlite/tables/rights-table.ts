// Who may do what in a channel: its settings and blocks, the members of a group with their stays, and how rows change them.

import type { UserId } from '@longwire/protocol';
import type {
  AppliedChange,
  ChangedMember,
  ChangedPending,
  ChannelMember,
  ChannelRights,
  MemberChange,
  MemberRole,
  RightsChange,
  Stay,
} from '../../../channel/membership.js';
import { ServerError } from '../../../errors.js';
import { type DamageListener, readAround } from '../damage.js';
import {
  integerOf,
  type SqlDatabase,
  SqlFailure,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
  textOf,
} from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';
import { type ChannelState, HIGH_BLOCKS, LOW_BLOCKS, type MemberRow } from './channel-state.js';
import type { ChannelTable } from './channel-table.js';
import { MEMBER_COLUMNS, type MemberTable, memberFrom } from './member-table.js';
import type { PendingTable } from './pending-table.js';
import type { UserTable } from './user-table.js';

/** In the file: never renumbered. */
const ROLES: readonly (MemberRole | undefined)[] = [undefined, 'member', 'admin', 'owner'];

interface RightsTables {
  readonly users: UserTable;
  readonly channels: ChannelTable;
  readonly members: MemberTable;
  readonly pending: PendingTable;
}

/** Where a change is stored. */
export interface ChangePlace {
  /** Of its row. */
  readonly seq: number;
  /** Of its entry; 0: it has none, and changes no members. */
  readonly offset: number;
  readonly at: number;
}

/** The users whose membership a change concerns, as they are before it; undefined: not in the channel, and never was. */
export type ConcernedMembers = Map<UserId, MemberRow | undefined>;

export type RightsFrame = Omit<ChannelRights, 'channel'>;

export interface MemberPageFrame {
  readonly members: readonly ChannelMember[];
  readonly next: UserId | undefined;
  readonly version: number;
}

export class RightsTable {
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #members: MemberTable;
  readonly #pending: PendingTable;
  readonly #onDamage: DamageListener;
  readonly #putSettings: SqlStatement;
  readonly #settings: SqlStatement;
  readonly #putStay: SqlStatement;
  readonly #stays: SqlStatement;
  readonly #putName: SqlStatement;
  readonly #findName: SqlStatement;
  readonly #dropName: SqlStatement;
  readonly #countNames: SqlStatement;
  readonly #countUpTo: SqlStatement;
  readonly #countAbove: SqlStatement;
  readonly #names: SqlStatement;
  readonly #namesBefore: SqlStatement;

  constructor(database: SqlDatabase, onDamage: DamageListener, tables: RightsTables) {
    this.#users = tables.users;
    this.#channels = tables.channels;
    this.#members = tables.members;
    this.#pending = tables.pending;
    this.#onDamage = onDamage;
    this.#putSettings = database.prepare(
      'INSERT OR REPLACE INTO settings (channel, version, text, crc) VALUES (?,?,?,?)',
    );
    this.#settings = database.prepare('SELECT channel, version, text, crc FROM settings WHERE channel = ?');
    this.#putStay = database.prepare(
      'INSERT OR REPLACE INTO stay (user, channel, number, joined, left_at, role, due_from, visible_from, crc) VALUES (?,?,?,?,?,?,?,?,?)',
    );
    this.#stays = database.prepare(
      'SELECT user, channel, number, joined, left_at, role, due_from, visible_from, crc FROM stay WHERE user = ? AND channel = ? ORDER BY number',
    );
    this.#putName = database.prepare('INSERT OR REPLACE INTO roster (channel, name, user, crc) VALUES (?,?,?,?)');
    this.#findName = database.prepare('SELECT 1 AS one FROM roster WHERE channel = ? AND name = ?');
    this.#dropName = database.prepare('DELETE FROM roster WHERE channel = ? AND name = ?');
    this.#countNames = database.prepare('SELECT count(*) AS count FROM roster WHERE channel = ?');
    this.#countUpTo = database.prepare('SELECT count(*) AS count FROM roster WHERE channel = ? AND name <= ?');
    this.#countAbove = database.prepare('SELECT count(*) AS count FROM roster WHERE channel = ? AND name > ?');
    this.#namesBefore = database.prepare(
      'SELECT channel AS in_channel, name, user AS of_user, crc AS name_crc FROM roster ' +
        'WHERE (channel, name) <= (?, ?) ORDER BY channel DESC, name DESC LIMIT 2',
    );
    this.#names = database.prepare(
      'SELECT roster.channel AS in_channel, roster.name, roster.user AS of_user, roster.crc AS name_crc, ' +
        `member.user, member.channel, ${MEMBER_COLUMNS.replaceAll(/\w+/g, 'member.$&')} ` +
        'FROM roster LEFT JOIN member ON member.user = roster.user AND member.channel = roster.channel ' +
        // Not those of the channel alone: SQLite would not show a damaged one at which it ends.
        'WHERE (roster.channel, roster.name) > (?, ?) ORDER BY roster.channel, roster.name LIMIT ?',
    );
  }

  /**
   * Everything of a change that can meet damage, before anything is written. A member who cannot be read is none, so that they
   * can join anew.
   * @throws ServerError `corrupt`
   */
  concerned(state: ChannelState | undefined, { members, pending }: RightsChange): ConcernedMembers {
    const found: ConcernedMembers = new Map();
    for (const { user } of [...members, ...pending]) {
      const number = this.#users.find(user);
      const isKnown = state !== undefined && number !== undefined;
      const place = `${user} in ${state?.key ?? 'a new channel'}`;
      const row = isKnown ? readAround(place, this.#onDamage, () => this.#members.find(number, state)) : undefined;
      found.set(user, row);
    }
    return found;
  }

  /** Applies a change and returns it as it is stored; inside a transaction, together with the row at `place`. */
  apply(state: ChannelState, change: RightsChange, concerned: ConcernedMembers, place: ChangePlace): AppliedChange {
    const changed = new Map<UserId, ChangedMember>();
    for (const memberChange of change.members) {
      const { user } = memberChange;
      const before = concerned.get(user);
      const row = this.#changeMember(state, memberChange, before, place);
      if (row === undefined) continue;
      concerned.set(user, row);
      const leftBefore = row.joined === before?.joined ? changed.get(user)?.leftBefore : before?.leftAt;
      changed.set(user, { user, ...stayOf(row), leftBefore: leftBefore ?? undefined });
    }
    const pending = this.#changePending(state, change, concerned, place.at);
    state.rights = place.seq;
    if (change.closes) state.isClosed = true;
    if (change.settings !== undefined) this.#changeSettings(state, change.settings, place.seq);
    for (const { by, isBlocked } of change.blocks) {
      if (state.channel.kind !== 'direct') continue;
      const flags = (by === state.channel.low ? LOW_BLOCKS : 0) | (by === state.channel.high ? HIGH_BLOCKS : 0);
      state.blocks = isBlocked ? state.blocks | flags : state.blocks & ~flags;
    }
    this.#channels.update(state);
    const { settings, blocks, closes } = change;
    return { members: [...changed.values()], pending, settings, blocks, closes };
  }

  /** @throws ServerError, SqlFailure `corrupt` */
  rightsOf(state: ChannelState | undefined): RightsFrame {
    if (state === undefined) return NO_RIGHTS;
    const { rights: version, isClosed, blocks, memberCount } = state;
    return {
      version,
      isClosed,
      settings: this.#settingsOf(state),
      blocks: { low: (blocks & LOW_BLOCKS) !== 0, high: (blocks & HIGH_BLOCKS) !== 0 },
      memberCount,
    };
  }

  /** Those who are in a group. One who cannot be read is left out, and reported. */
  page(state: ChannelState | undefined, after: UserId | undefined, limit: number): MemberPageFrame {
    if (state?.channel.kind !== 'group') return { members: [], next: undefined, version: state?.rights ?? 0 };
    const from = after ?? '';
    const found = this.#names.all([state.number, from, limit + 1]);
    const end = found.findIndex((row) => row['in_channel'] !== state.number);
    const rows = end < 0 ? found : found.slice(0, end);
    readAround(`the members of ${state.key}`, this.#onDamage, () => {
      this.#expectAll(state, from);
      this.#expectInOrder(state, from, rows);
      if (end >= 0) nameFrom(found[end]!);
    });
    const members: ChannelMember[] = [];
    for (const row of rows.slice(0, limit)) {
      const member = readAround(`a member of ${state.key}`, this.#onDamage, () => listedFrom(state, row));
      if (member !== undefined) members.push(member);
    }
    const next = rows.length > limit ? (textOf(rows[limit - 1]!, 'name') as UserId) : undefined;
    return { members, next, version: state.rights };
  }

  /**
   * All stays of a user in a group.
   * @throws ServerError, SqlFailure `corrupt`
   */
  staysOf(state: ChannelState, user: UserId): readonly Stay[] {
    const member = this.#members.findIn(state, user);
    if (member === undefined) return [];
    if (member.stays === 0) return [stayOf(member)];
    const earlier = this.#stays.all([member.user, state.number]).map(earlierFrom);
    const isWhole = earlier.length === member.stays && earlier.every(({ number }, index) => number === index + 1);
    if (!isWhole) throw new SqlFailure('corrupt', `${earlier.length} of ${member.stays} earlier stays are there`);
    return [...earlier.map(({ stay }) => stay), stayOf(member)];
  }

  /** Undefined: nothing changes. */
  #changeMember(
    state: ChannelState,
    change: MemberChange,
    row: MemberRow | undefined,
    place: ChangePlace,
  ): MemberRow | undefined {
    const present = row?.leftAt === null ? row : undefined;
    switch (change.type) {
      case 'join':
        if (present === undefined) return this.#join(state, change, row, place);
        return this.#changeRole(state, present, change.role);
      case 'leave':
        return this.#leave(state, change.user, present, place.offset);
      case 'role':
        return present && this.#changeRole(state, present, change.role);
    }
  }

  #join(
    state: ChannelState,
    { user, role, visibleFrom }: Extract<MemberChange, { type: 'join' }>,
    earlier: MemberRow | undefined,
    { offset, at }: ChangePlace,
  ): MemberRow {
    const number = this.#users.ensure(user, at);
    // A stay that the same entry began is begun anew.
    const isAnother = earlier !== undefined && earlier.joined !== offset;
    if (isAnother) this.#keepStay(earlier);
    const row: MemberRow = {
      user: number,
      channel: state.number,
      visibleFrom: visibleFrom === 'start' ? 1 : offset,
      leftAt: null,
      read: earlier?.read ?? 0,
      delivered: earlier?.delivered ?? 0,
      joined: offset,
      dueFrom: offset,
      role: ROLES.indexOf(role),
      stays: (earlier?.stays ?? 0) + (isAnother ? 1 : 0),
    };
    this.#members.put(state, row);
    // It is there already where the row of a member was damaged.
    if (this.#findName.get([state.number, user]) === undefined) state.memberCount += 1;
    this.#putName.run([state.number, user, number, rowChecksum(state.number, user, number)]);
    this.#channels.forgetList(number);
    return row;
  }

  #leave(state: ChannelState, user: UserId, present: MemberRow | undefined, offset: number): MemberRow | undefined {
    // Also that of a member whose row is damaged.
    if (this.#findName.get([state.number, user]) !== undefined) {
      this.#dropName.run([state.number, user]);
      state.memberCount -= 1;
    }
    return present && this.#changed(state, { ...present, leftAt: offset });
  }

  #changeRole(state: ChannelState, present: MemberRow, role: MemberRole): MemberRow | undefined {
    const number = ROLES.indexOf(role);
    return present.role === number ? undefined : this.#changed(state, { ...present, role: number });
  }

  #changed(state: ChannelState, row: MemberRow): MemberRow {
    this.#members.put(state, row);
    return row;
  }

  /** After the members: a user who is one is not pending. */
  #changePending(
    state: ChannelState,
    { members, pending }: RightsChange,
    concerned: ConcernedMembers,
    at: number,
  ): ChangedPending[] {
    const changed: ChangedPending[] = [];
    const isMember = (user: UserId) => concerned.get(user)?.leftAt === null;
    for (const { user } of members) {
      const before = isMember(user) ? this.#pending.find(state.number, user) : undefined;
      if (before === undefined) continue;
      this.#pending.drop(state.number, user);
      changed.push({ user, state: undefined, by: before.by, at, was: before.state });
    }
    for (const { user, state: next, by } of pending) {
      const was = this.#pending.find(state.number, user)?.state;
      if (next === was || (next !== undefined && isMember(user))) continue;
      if (next === undefined) this.#pending.drop(state.number, user);
      else this.#pending.put(state.number, { user, state: next, by, at });
      changed.push({ user, state: next, by, at, was });
    }
    return changed;
  }

  #keepStay({ user, channel, stays, joined, leftAt, role, dueFrom, visibleFrom }: MemberRow): void {
    const values = [user, channel, stays + 1, joined, leftAt ?? joined, role, dueFrom, visibleFrom];
    this.#putStay.run([...values, rowChecksum(...values)]);
  }

  #changeSettings(state: ChannelState, text: string, seq: number): void {
    this.#putSettings.run([state.number, seq, Buffer.from(text), rowChecksum(state.number, seq, text)]);
    state.settings = seq;
  }

  #settingsOf({ number, key, settings }: ChannelState): string | undefined {
    if (settings === 0) return undefined;
    const row = this.#settings.get([number]);
    const bytes = row?.['text'];
    if (row === undefined || !(bytes instanceof Uint8Array) || integerOf(row, 'version') !== settings) {
      throw new ServerError('corrupt', `the settings of ${key} are missing; restore the store from a backup`);
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    expectChecksum(integerOf(row, 'crc'), rowChecksum(number, settings, text), `the settings of ${key}`);
    return text;
  }

  /**
   * Counts them at once and on both sides of a place: each is a search of its own.
   * @throws SqlFailure `corrupt` where damage hides some
   */
  #expectAll({ number, memberCount }: ChannelState, from: string): void {
    const count = (statement: SqlStatement, ...values: SqlValue[]) => integerOf(statement.get(values)!, 'count');
    const all = count(this.#countNames, number);
    const sides = count(this.#countUpTo, number, from) + count(this.#countAbove, number, from);
    if (all === memberCount && sides === memberCount) return;
    throw new SqlFailure('corrupt', `${Math.min(all, sides)} of ${memberCount} are there`);
  }

  /**
   * A damaged name, or a damaged pointer to one, leads the search for others astray: it stands next to what was found, or the
   * names there are not in order.
   * @throws ServerError, SqlFailure `corrupt`
   */
  #expectInOrder(state: ChannelState, from: string, rows: readonly SqlRow[]): void {
    const before = this.#namesBefore.all([state.number, from]);
    for (const row of before) nameFrom(row);
    const own = before.filter((row) => integerOf(row, 'in_channel') === state.number).reverse();
    const names = [...own, ...rows].map((row) => Buffer.from(textOf(row, 'name')));
    const isInOrder = names.every((name, index) => index === 0 || names[index - 1]!.compare(name) < 0);
    if (!isInOrder || own.some((row) => Buffer.from(from).compare(Buffer.from(textOf(row, 'name'))) < 0)) {
      throw new SqlFailure('corrupt', 'their names are not in order');
    }
  }
}

const NO_RIGHTS: RightsFrame = {
  version: 0,
  isClosed: false,
  settings: undefined,
  blocks: { low: false, high: false },
  memberCount: 0,
};

/** @throws SqlFailure `corrupt`: the role is none */
function stayOf({ joined, leftAt, role, dueFrom, visibleFrom }: Omit<MemberRow, 'stays'>): Stay {
  return { joined, left: leftAt ?? undefined, role: roleOf(role), dueFrom, visibleFrom };
}

/** @throws SqlFailure `corrupt`: the number stands for no role */
export function roleOf(number: number): MemberRole {
  const role = ROLES[number];
  if (role === undefined) throw new SqlFailure('corrupt', `a member has the role ${number}`);
  return role;
}

/** Verifies a row of `roster` with that of its member. */
function listedFrom({ number, key }: ChannelState, row: SqlRow): ChannelMember {
  const { channel, user, name } = nameFrom(row);
  const member = memberFrom(row);
  if (member.user !== user || member.channel !== number || channel !== number || member.leftAt !== null) {
    throw new SqlFailure('corrupt', `the row of ${name} says that they are not in ${key}`);
  }
  return { user: name, ...stayOf(member) };
}

/** Verifies what a row of `roster` has. */
function nameFrom(row: SqlRow): { readonly channel: number; readonly name: UserId; readonly user: number } {
  const channel = integerOf(row, 'in_channel');
  const name = textOf(row, 'name') as UserId;
  const user = integerOf(row, 'of_user');
  const actual = rowChecksum(channel, name, user);
  expectChecksum(integerOf(row, 'name_crc'), actual, `the name ${name} among the members of channel number ${channel}`);
  return { channel, name, user };
}

/** Verifies a row of `stay`. */
function earlierFrom(row: SqlRow): { readonly number: number; readonly stay: Stay } {
  const names = ['user', 'channel', 'number', 'joined', 'left_at', 'role', 'due_from', 'visible_from'];
  const values = names.map((name) => integerOf(row, name));
  const [user, , number, joined, left, role, dueFrom, visibleFrom] = values as [number, ...number[]];
  expectChecksum(integerOf(row, 'crc'), rowChecksum(...values), `stay ${number} of member ${user}`);
  const stay = { joined: joined!, left: left!, role: roleOf(role!), dueFrom: dueFrom!, visibleFrom: visibleFrom! };
  return { number: number!, stay };
}
