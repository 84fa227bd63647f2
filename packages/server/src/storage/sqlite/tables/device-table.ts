// Devices of users: created at their first sign-in, forgotten when there are too many.

import type { DeviceId, UserId } from '@longwire/protocol';
import { MAX_DEVICES_PER_USER } from '../../append-check.js';
import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import { expectChecksum, IndexNeighbours, rowChecksum } from '../row-checks.js';
import type { UserTable } from './user-table.js';

/** A device used within this time of what is stored is not written again: a transaction without changes costs no sync. */
const USE_RESOLUTION_MS = 60_000;

export class DeviceTable {
  readonly #users: UserTable;
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #touch: SqlStatement;
  readonly #count: SqlStatement;
  readonly #longestUnused: SqlStatement;
  readonly #forgetCursors: SqlStatement;
  readonly #forget: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #readChannels: SqlStatement;
  readonly #insertCursor: SqlStatement;

  constructor(database: SqlDatabase, users: UserTable) {
    this.#users = users;
    const columns = 'id, user, name, created_at, used_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM device WHERE user = ? AND name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'device', ['user', 'name']);
    this.#insert = database.prepare(`INSERT INTO device (${columns}) VALUES (?,?,?,?,?,?)`);
    this.#touch = database.prepare('UPDATE device SET used_at = ?, crc = ? WHERE id = ?');
    this.#count = database.prepare('SELECT count(*) AS count FROM device WHERE user = ?');
    this.#longestUnused = database.prepare('SELECT id FROM device WHERE user = ? ORDER BY used_at, id LIMIT 1');
    this.#forgetCursors = database.prepare('DELETE FROM cursor WHERE device = ?');
    this.#forget = database.prepare('DELETE FROM device WHERE id = ?');
    this.#newest = database.prepare('SELECT max(id) AS id FROM device');
    this.#readChannels = database.prepare('SELECT channel, read FROM member WHERE user = ? AND read > 0');
    this.#insertCursor = database.prepare('INSERT INTO cursor (device, channel, offset, crc) VALUES (?,?,?,?)');
  }

  /** The device's number; undefined for a user or device never seen. */
  find(user: UserId, device: DeviceId): number | undefined {
    const userNumber = this.#users.find(user);
    if (userNumber === undefined) return undefined;
    return this.#find(userNumber, device)?.number;
  }

  /** Inside a transaction. */
  open(user: UserId, device: DeviceId, at: number): 'known' | 'new' {
    const userNumber = this.#users.ensure(user, at);
    const known = this.#find(userNumber, device);
    if (known !== undefined) {
      if (at - known.usedAt >= USE_RESOLUTION_MS) {
        const crc = rowChecksum(known.number, userNumber, device, known.createdAt, at);
        this.#touch.run([at, crc, known.number]);
      }
      return 'known';
    }
    const count = this.#count.get([userNumber]);
    if (count !== undefined && integerOf(count, 'count') >= MAX_DEVICES_PER_USER) this.#forgetLongestUnused(userNumber);
    const number = newestNumber(this.#newest) + 1;
    this.#insert.run([number, userNumber, device, at, at, rowChecksum(number, userNumber, device, at, at)]);
    this.#startAtReadCursors(userNumber, number);
    return 'new';
  }

  #find(user: number, device: DeviceId): DeviceRow | undefined {
    const row = this.#byName.get([user, device]);
    if (row !== undefined) return deviceFrom(row);
    this.#neighbours.expectRight([user, device]);
    return undefined;
  }

  #forgetLongestUnused(user: number): void {
    const row = this.#longestUnused.get([user]);
    if (row === undefined) return;
    const device = integerOf(row, 'id');
    this.#forgetCursors.run([device]);
    this.#forget.run([device]);
  }

  /** At the first connect of a device its cursors are written, one for every channel that the user has read. */
  #startAtReadCursors(user: number, device: number): void {
    for (const row of this.#readChannels.all([user])) {
      const channel = integerOf(row, 'channel');
      const read = integerOf(row, 'read');
      this.#insertCursor.run([device, channel, read, rowChecksum(device, channel, read)]);
    }
  }
}

interface DeviceRow {
  readonly number: number;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** Verifies a row of `device`. */
function deviceFrom(row: SqlRow): DeviceRow {
  const number = integerOf(row, 'id');
  const user = integerOf(row, 'user');
  const name = textOf(row, 'name');
  const createdAt = integerOf(row, 'created_at');
  const usedAt = integerOf(row, 'used_at');
  const actual = rowChecksum(number, user, name, createdAt, usedAt);
  expectChecksum(integerOf(row, 'crc'), actual, `the row of device ${name} of user ${user}`);
  return { number, createdAt, usedAt };
}
