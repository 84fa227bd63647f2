// Devices of users: created at their first sign-in, forgotten when there are too many.

import type { DeviceId, UserId } from '@longwire/protocol';
import { MAX_DEVICES_PER_USER } from '../append-check.js';
import { integerOf, type SqlDatabase, type SqlStatement } from './driver/sql-database.js';
import { newestNumber } from './newest-number.js';
import { rowChecksum } from './row-checksum.js';
import type { UserTable } from './user-table.js';

/** A device used within this time of what is stored is not written again: a reconnect then costs no commit. */
const USE_RESOLUTION_MS = 60_000;

export class DeviceTable {
  readonly #users: UserTable;
  readonly #find: SqlStatement;
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
    this.#find = database.prepare('SELECT id, used_at FROM device WHERE user = ? AND name = ?');
    this.#insert = database.prepare('INSERT INTO device (id, user, name, created_at, used_at) VALUES (?,?,?,?,?)');
    this.#touch = database.prepare('UPDATE device SET used_at = ? WHERE id = ?');
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
    const row = this.#find.get([userNumber, device]);
    return row === undefined ? undefined : integerOf(row, 'id');
  }

  /** True when opening the device now would write nothing. */
  isFresh(user: UserId, device: DeviceId, at: number): boolean {
    const userNumber = this.#users.find(user);
    const row = userNumber === undefined ? undefined : this.#find.get([userNumber, device]);
    return row !== undefined && at - integerOf(row, 'used_at') < USE_RESOLUTION_MS;
  }

  /** Inside a transaction. */
  open(user: UserId, device: DeviceId, at: number): 'known' | 'new' {
    const userNumber = this.#users.ensure(user, at);
    const known = this.#find.get([userNumber, device]);
    if (known !== undefined) {
      if (at - integerOf(known, 'used_at') >= USE_RESOLUTION_MS) this.#touch.run([at, integerOf(known, 'id')]);
      return 'known';
    }
    const count = this.#count.get([userNumber]);
    if (count !== undefined && integerOf(count, 'count') >= MAX_DEVICES_PER_USER) this.#forgetLongestUnused(userNumber);
    const number = newestNumber(this.#newest) + 1;
    this.#insert.run([number, userNumber, device, at, at]);
    this.#startAtReadCursors(userNumber, number);
    return 'new';
  }

  #forgetLongestUnused(user: number): void {
    const row = this.#longestUnused.get([user]);
    if (row === undefined) return;
    const device = integerOf(row, 'id');
    this.#forgetCursors.run([device]);
    this.#forget.run([device]);
  }

  /** semantics, Reading: at its first connect a device's cursors are written down, for every channel the user has read. */
  #startAtReadCursors(user: number, device: number): void {
    for (const row of this.#readChannels.all([user])) {
      const channel = integerOf(row, 'channel');
      const read = integerOf(row, 'read');
      this.#insertCursor.run([device, channel, read, rowChecksum(device, channel, read)]);
    }
  }
}
