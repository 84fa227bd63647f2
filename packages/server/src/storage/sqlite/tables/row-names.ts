// What the numbers in rows stand for: users, applications and kinds of entries by their names.

import type { UserId } from '@longwire/protocol';
import { type EntryKind, messageKind } from '../../../channel/entry.js';
import { ServerError } from '../../../errors.js';
import type { SqlDatabase } from '../driver/sql-database.js';
import type { ChannelState } from './channel-state.js';
import { Dictionary } from './dictionary.js';
import { type EntryRow, MESSAGE_KIND } from './entry-row.js';
import { UserTable } from './user-table.js';

/** Who wrote an entry, as its content has it. */
export interface Author {
  readonly from: UserId | undefined;
  readonly by: string | undefined;
}

export class RowNames {
  readonly users: UserTable;
  readonly applications: Dictionary;
  readonly kinds: Dictionary;

  constructor(database: SqlDatabase) {
    this.users = new UserTable(database);
    this.applications = new Dictionary(database, 'application');
    this.kinds = new Dictionary(database, 'kind', [messageKind]);
  }

  /**
   * As `authorOf` numbers those who wrote rows; undefined: never seen.
   * @throws ServerError `corrupt`
   */
  findAuthor({ from, by }: Author): number | undefined {
    if (from !== undefined) return this.users.find(from);
    if (by === undefined) return 0;
    const application = this.applications.find(by);
    return application === undefined ? undefined : -application;
  }

  /**
   * The user who wrote a row, in a direct channel by their place among the two; undefined: none did.
   * @throws ServerError `corrupt`
   */
  senderOf(
    state: Pick<ChannelState, 'key' | 'channel' | 'lowUser' | 'highUser'>,
    row: EntryRow,
  ): 0 | 1 | UserId | undefined {
    const { sender } = row;
    if (sender === 0) return undefined;
    if (state.channel.kind !== 'direct') return this.users.nameOf(sender) as UserId;
    if (sender === state.lowUser) return 0;
    if (sender === state.highUser) return 1;
    const message = `${state.key}, offset ${row.offset}: its sender is not one of the two users`;
    throw new ServerError('corrupt', message, { offset: row.offset });
  }

  applicationOf({ application }: EntryRow): string | undefined {
    return application === 0 ? undefined : this.applications.nameOf(application);
  }

  kindOf({ kind }: EntryRow): EntryKind {
    return kind === MESSAGE_KIND ? messageKind : this.kinds.nameOf(kind);
  }

  /** After a rollback nothing that was created in the transaction may be remembered. */
  forgetAll(): void {
    this.users.forgetAll();
    this.applications.forgetAll();
    this.kinds.forgetAll();
  }
}
