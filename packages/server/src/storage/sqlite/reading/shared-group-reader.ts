// Small groups that two users are both in.

import type { UserId } from '@longwire/protocol';
import type { ChannelName } from '../../channel-name.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';
import type { ChannelState } from '../tables/channel-state.js';
import { CHANNEL_COLUMNS, type ChannelTable } from '../tables/channel-table.js';
import type { MemberTable } from '../tables/member-table.js';
import type { UserTable } from '../tables/user-table.js';

export interface SharedGroupTables {
  readonly users: UserTable;
  readonly channels: ChannelTable;
  readonly members: MemberTable;
  readonly onDamage: DamageListener;
}

export class SharedGroupReader {
  readonly #tables: SharedGroupTables;
  readonly #groupsOf: SqlStatement;
  readonly #channel: SqlStatement;

  constructor(database: SqlDatabase, tables: SharedGroupTables) {
    this.#tables = tables;
    this.#groupsOf = database.prepare(
      'SELECT channel FROM member INDEXED BY group_member WHERE user = ? AND role <> 0 AND left_at IS NULL',
    );
    this.#channel = database.prepare(`SELECT ${CHANNEL_COLUMNS} FROM channel WHERE id = ?`);
  }

  /** For each user one group of at most `maxMembers` that the viewer is in as well; undefined: none that can be read. */
  find(viewer: UserId, users: readonly UserId[], maxMembers: number): (ChannelName | undefined)[] {
    const groups = this.#smallGroupsOf(viewer, maxMembers);
    return users.map((user) => groups.find((group) => this.#isIn(user, group))?.key);
  }

  #smallGroupsOf(viewer: UserId, maxMembers: number): ChannelState[] {
    const number = this.#tables.users.find(viewer);
    if (number === undefined) return [];
    return this.#groupsOf.all([number]).flatMap((found) => {
      const channel = integerOf(found, 'channel');
      const group = readAround(`channel number ${channel}`, this.#tables.onDamage, () => {
        const row = this.#channel.get([channel]);
        return row && this.#tables.channels.stateFrom(row);
      });
      // The index only finds groups.
      const isShared = group !== undefined && group.memberCount > 1 && group.memberCount <= maxMembers;
      return isShared && this.#isIn(viewer, group) ? [group] : [];
    });
  }

  #isIn(user: UserId, group: ChannelState): boolean {
    const { members, onDamage } = this.#tables;
    const member = readAround(group.key, onDamage, () => members.findIn(group, user));
    return member !== undefined && member.leftAt === null;
  }
}
