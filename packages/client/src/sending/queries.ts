// The commands that may be repeated freely: history, channels, read, users, users.search, user.update, presence, watch, unwatch, block, unblock, blocks, mute, archive, hide, settings.

import {
  type Address,
  type Answer,
  type ChannelSummary,
  type EntryPush,
  type GapPush,
  isGapPush,
  isGroupEntry,
  isMemberEntry,
  isMessageEntry,
  type PresenceState,
  type ProfiledUser,
  parseUserId,
  type UserSettings,
} from '@longwire/protocol';
import type { AbortSignalLike, WaitOptions } from '../arguments/abort-signal.js';
import { assertOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import { userIdsFrom } from '../arguments/user-ids.js';
import type { Gap } from '../client-events.js';
import { LongwireError } from '../errors.js';
import {
  type GroupChange,
  groupChangeFrom,
  type LongwireMessage,
  type MemberChange,
  memberChangeFrom,
  messageFrom,
} from '../reading/message.js';
import type { RequestParts, Requests } from './requests.js';

export interface HistoryOptions {
  /** Messages before this one, exclusive. A bare offset is one of the channel's current epoch. */
  readonly before?: PositionInput | number | undefined;
  /** Messages after this one, exclusive. At most one of the two; neither: the newest page. */
  readonly after?: PositionInput | number | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * A message, in groups a change of members (`'change' in item`) or settings (`'settings' in item`), or a gap
 * (`'reason' in item`) in the place of entries that are not available.
 */
export type HistoryItem = LongwireMessage | MemberChange | GroupChange | Gap;

export interface HistoryPage {
  /** Ascending, see `HistoryItem`. */
  readonly items: readonly HistoryItem[];
  /** The messages among them. */
  readonly messages: readonly LongwireMessage[];
  /** Whether there are more in the requested direction. */
  readonly more: boolean;
  /** The page's first and last position, of whatever kind their entries are: the next page starts there. */
  readonly first: PositionInput | undefined;
  readonly last: PositionInput | undefined;
}

export interface ChannelsOptions {
  /** The last address of the previous page. */
  readonly after?: string | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

export interface ChannelsPage {
  /** The one with the newest entry first. */
  readonly channels: readonly ChannelSummary[];
  readonly more: boolean;
}

export interface BlockedOptions extends WaitOptions {
  /** The last user of the previous page. */
  readonly after?: string | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

export interface BlockedPage {
  readonly users: readonly string[];
  /** Whether there are others after them. */
  readonly more: boolean;
}

export interface SearchUsersOptions extends WaitOptions {
  /** 1-20, default 20. */
  readonly limit?: number | undefined;
}

/** What is given is changed; `null` removes it. */
export interface UserProfileChange {
  readonly name?: string | null | undefined;
  readonly picture?: string | null | undefined;
}

/** Of `mute`, `archive` and `hide`. */
export interface PreferenceFields {
  readonly type: 'mute' | 'archive' | 'hide';
  readonly on: boolean;
  readonly until?: number | undefined;
}

export class Queries {
  readonly #requests: Requests;
  readonly #user: () => string;

  /** @param user  the id of the signed-in user */
  constructor(requests: Requests, user: () => string) {
    this.#requests = requests;
    this.#user = user;
  }

  history(channel: Address, options: HistoryOptions): Promise<HistoryPage> {
    return this.#query('history', () => {
      assertOptionNames(options, ['before', 'after', 'limit', 'signal']);
      const { before, after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'history', channel, before: positionOrNumber(before), after: positionOrNumber(after), limit },
        resultOf: ({ entries, more }) => {
          const items = this.#itemsOf(entries);
          return {
            items,
            messages: items.filter(isMessage),
            more,
            first: endOf(entries[0], 'from'),
            last: endOf(entries.at(-1), 'to'),
          };
        },
      };
    });
  }

  channels(options: ChannelsOptions): Promise<ChannelsPage> {
    return this.#query('channels', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'channels', after, limit },
        resultOf: ({ channels, more }) => ({ channels, more }),
      };
    });
  }

  /** @param only  `true`: without those before it */
  read(channel: Address, position: PositionInput, options: WaitOptions, only?: true): Promise<void> {
    return this.#query('ok', () => {
      assertOptionNames(options, ['signal']);
      return {
        signal: options.signal,
        fields: { type: 'read', channel, ...positionFrom(position), only },
        resultOf: () => undefined,
      };
    });
  }

  /** @param type  `block` or `unblock` */
  setBlock(type: 'block' | 'unblock', user: string, options: WaitOptions): Promise<void> {
    return this.#query('ok', () => {
      assertOptionNames(options, ['signal']);
      if (typeof user !== 'string' || parseUserId(user) === undefined) {
        throw new LongwireError('invalid_field', `"${user}" is not a user id`);
      }
      return { signal: options.signal, fields: { type, user }, resultOf: () => undefined };
    });
  }

  blocked(options: BlockedOptions): Promise<BlockedPage> {
    return this.#query('blocks', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'blocks', after, limit },
        resultOf: ({ users, more }) => ({ users, more }),
      };
    });
  }

  setPreference(channel: Address, fields: PreferenceFields, options: WaitOptions): Promise<void> {
    return this.#query('ok', () => {
      assertOptionNames(options, 'until' in fields ? ['until', 'signal'] : ['signal']);
      return { signal: options.signal, fields: { ...fields, channel }, resultOf: () => undefined };
    });
  }

  #itemsOf(entries: readonly (EntryPush | GapPush)[]): HistoryItem[] {
    const user = this.#user();
    return entries.flatMap((entry): HistoryItem[] => {
      if (isMessageEntry(entry)) return [messageFrom(entry, user)];
      if (isMemberEntry(entry)) return [memberChangeFrom(entry, user)];
      if (isGroupEntry(entry)) return [groupChangeFrom(entry, user)];
      if (!isGapPush(entry)) return [];
      const { type: _type, ...gap } = entry;
      return [gap];
    });
  }

  /** @param users  at most `fieldLimits.profileUsers` */
  users(users: readonly string[], group: string | undefined): Promise<readonly ProfiledUser[]> {
    return this.#query('users', () => ({
      signal: undefined,
      fields: { type: 'users', users, group },
      resultOf: (answer) => answer.users,
    }));
  }

  searchUsers(prefix: string, options: SearchUsersOptions): Promise<readonly ProfiledUser[]> {
    return this.#query('users', () => {
      assertOptionNames(options, ['limit', 'signal']);
      const { limit, signal } = options;
      return { signal, fields: { type: 'users.search', prefix, limit }, resultOf: (answer) => answer.users };
    });
  }

  /** A change of another user, by an admin. */
  updateUser(user: string, profile: UserProfileChange, options: WaitOptions): Promise<void> {
    return this.#query('ok', () => {
      assertOptionNames(profile, ['name', 'picture']);
      assertOptionNames(options, ['signal']);
      const { name, picture } = profile;
      return {
        signal: options.signal,
        fields: { type: 'user.update', user: userIdsFrom([user])[0], name, picture },
        resultOf: () => undefined,
      };
    });
  }

  /** @param users  at most `fieldLimits.presenceUsers` */
  presence(
    type: 'presence' | 'watch',
    users: readonly string[],
    signal: AbortSignalLike | undefined,
  ): Promise<Readonly<Record<string, PresenceState>>> {
    return this.#query('presenceList', () => ({ signal, fields: { type, users }, resultOf: (answer) => answer.users }));
  }

  /** @param users  at most `fieldLimits.presenceUsers` */
  unwatch(users: readonly string[], signal: AbortSignalLike | undefined): Promise<void> {
    return this.#query('ok', () => ({ signal, fields: { type: 'unwatch', users }, resultOf: () => undefined }));
  }

  settings(changed: Partial<UserSettings>, options: WaitOptions): Promise<UserSettings> {
    return this.#query('settings', () => {
      assertOptionNames(changed, ['presence', 'receipts']);
      assertOptionNames(options, ['signal']);
      const { presence, receipts } = changed;
      return {
        signal: options.signal,
        fields: { type: 'settings', presence, receipts },
        resultOf: (answer) => ({ presence: answer.presence, receipts: answer.receipts }),
      };
    });
  }

  #query<Type extends Answer['type'], Result>(
    answerType: Type,
    describe: () => Pick<RequestParts<Type, Result>, 'signal' | 'resultOf'> & {
      readonly fields: Readonly<Record<string, unknown>>;
    },
  ): Promise<Result> {
    return this.#requests.start(answerType, () => {
      const { fields, signal, resultOf } = describe();
      const text = JSON.stringify(fields).slice(1);
      return { size: 2 * text.length, signal, resultOf, encode: (id) => `{"id":${id},${text}` };
    }).promise;
  }
}

function isMessage(item: HistoryItem): item is LongwireMessage {
  return !('reason' in item || 'change' in item || 'settings' in item);
}

function endOf(item: EntryPush | GapPush | undefined, end: 'from' | 'to'): PositionInput | undefined {
  return item && { epoch: item.epoch, offset: isGapPush(item) ? item[end] : item.offset };
}

function positionOrNumber(place: PositionInput | number | undefined): PositionInput | number | undefined {
  return typeof place === 'object' ? positionFrom(place) : place;
}
