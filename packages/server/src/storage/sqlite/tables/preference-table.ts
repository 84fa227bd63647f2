// The table `preference`: what a user wants of a channel, by both.

import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import { isPlain, type Preference } from '../../preferences.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlStatement, textOf } from '../driver/sql-database.js';
import { expectChecksum, rowChecksum } from '../row-checks.js';

export type PreferenceFrame = Omit<Preference, 'channel'> & { readonly channel: ChannelName };

export class PreferenceTable {
  readonly #onDamage: DamageListener;
  readonly #list: SqlStatement;
  readonly #put: SqlStatement;
  readonly #drop: SqlStatement;

  constructor(database: SqlDatabase, onDamage: DamageListener) {
    this.#onDamage = onDamage;
    this.#list = database.prepare(
      'SELECT user, channel, muted_until, archived, hidden_through, preference.crc AS crc, name FROM preference ' +
        'JOIN channel ON channel.id = preference.channel WHERE user = ? ORDER BY channel',
    );
    this.#put = database.prepare(
      'INSERT OR REPLACE INTO preference (user, channel, muted_until, archived, hidden_through, crc) VALUES (?,?,?,?,?,?)',
    );
    this.#drop = database.prepare('DELETE FROM preference WHERE user = ? AND channel = ?');
  }

  list(user: number): PreferenceFrame[] {
    const frames: PreferenceFrame[] = [];
    for (const row of this.#list.all([user])) {
      const channel = integerOf(row, 'channel');
      const place = `the preference of user number ${user} in channel number ${channel}`;
      const frame = readAround(place, this.#onDamage, () => {
        const [mutedUntil, archived, hiddenThrough] = [
          integerOf(row, 'muted_until'),
          integerOf(row, 'archived'),
          integerOf(row, 'hidden_through'),
        ];
        expectChecksum(integerOf(row, 'crc'), rowChecksum(user, channel, mutedUntil, archived, hiddenThrough), place);
        if (archived !== 0 && archived !== 1) throw new ServerError('corrupt', `${place} is neither archived nor not`);
        return { channel: textOf(row, 'name') as ChannelName, mutedUntil, isArchived: archived === 1, hiddenThrough };
      });
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  /** Inside a transaction. */
  put(user: number, channel: number, preference: Omit<Preference, 'channel'>): void {
    if (isPlain(preference)) {
      this.#drop.run([user, channel]);
      return;
    }
    const { mutedUntil, isArchived, hiddenThrough } = preference;
    const archived = isArchived ? 1 : 0;
    const crc = rowChecksum(user, channel, mutedUntil, archived, hiddenThrough);
    this.#put.run([user, channel, mutedUntil, archived, hiddenThrough, crc]);
  }
}
