// The commands of groups. Those that would do something else when repeated after a lost connection have a key.

import {
  type Answer,
  type GroupId,
  type GroupInvitation,
  type GroupRole,
  type GroupSettings,
  type GroupSettingsChange,
  type OkAnswer,
  parseGroupId,
  randomId,
  type UserProfile,
} from '@longwire/protocol';
import type { AbortSignalLike, WaitOptions } from '../arguments/abort-signal.js';
import { assertOptionNames } from '../arguments/option-names.js';
import { type PositionInput, positionFrom } from '../arguments/position-input.js';
import { userIdsFrom } from '../arguments/user-ids.js';
import { LongwireError } from '../errors.js';
import type { RequestParts, Requests } from './requests.js';
import { jsonTextOf, type SendBody } from './send-body.js';

export interface CreateGroupOptions extends GroupSettings {
  /** 1-128 bytes, without white space and `/`. Default: `key`. */
  readonly id?: string | undefined;
  /** Up to 200 users: those who have written to this one become members, at most 199, and the others are invited. */
  readonly users?: Iterable<string> | undefined;
  /** Idempotency key, 1-128 bytes. Default: random. A key of the app makes the call idempotent across its restarts. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

export interface GroupMember extends UserProfile {
  readonly user: string;
  readonly role: GroupRole | (string & Record<never, never>);
}

/** What `add` and `invite` have done. After a lost connection perhaps less, because an earlier attempt has done it. */
export interface AddedUsers {
  /** The users who are members from now on. */
  readonly added: readonly string[];
  /** The users who are invited from now on. */
  readonly invited: readonly string[];
}

/** A user who is invited to a group, or has asked to join it. */
export interface PendingMember {
  readonly user: string;
  readonly state: 'invited' | 'requested' | (string & Record<never, never>);
  /** Who invites the user, or the user who has asked. */
  readonly by: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

export interface PendingMembersPage {
  readonly pending: readonly PendingMember[];
  /** Whether there are others after them. */
  readonly more: boolean;
  /** How many there are. */
  readonly total: number;
}

/** Other members, as far as they show it, ascending by the bytes of their ids. */
export interface GroupReceipts {
  /** Of whom a device has acknowledged the message. */
  readonly delivered: readonly string[];
  /** Those among them who have read it. */
  readonly read: readonly string[];
}

export interface InvitationsOptions extends WaitOptions {
  /** The last group of the previous page. */
  readonly after?: string | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

export interface InvitationsPage {
  /** Ascending by the bytes of the ids of the groups. */
  readonly invitations: readonly GroupInvitation[];
  readonly more: boolean;
}

export interface AnswerOptions extends WaitOptions {
  /** A user who has asked to join; for owners and admins. Default: the user who is signed in, who is invited. */
  readonly user?: string | undefined;
}

export interface JoinResult {
  /** The user has asked to join, and becomes a member when an owner or admin accepts. */
  readonly pending: boolean;
}

export interface GroupMembersOptions extends WaitOptions {
  /** The last user of the previous page. */
  readonly after?: string | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

export interface GroupMembersPage {
  readonly members: readonly GroupMember[];
  /** Whether there are others after them. */
  readonly more: boolean;
  /** How many members the group has. */
  readonly total: number;
}

type CommandParts<Type extends Answer['type'], Result> = Pick<
  RequestParts<Type, Result>,
  'key' | 'signal' | 'resultOf' | 'resultOfRepetition'
> & { readonly fields: Readonly<Record<string, unknown>> };

export class Groups {
  readonly #requests: Requests;
  readonly #fillRandom: (bytes: Uint8Array) => void;

  constructor(requests: Requests, fillRandom: (bytes: Uint8Array) => void) {
    this.#requests = requests;
    this.#fillRandom = fillRandom;
  }

  /** @param handleOf  makes the result from the id of the group */
  create<Handle>(options: CreateGroupOptions, handleOf: (id: GroupId) => Handle): Promise<Handle> {
    return this.#start('ok', () => {
      assertOptionNames(options, [...settingNames, 'id', 'users', 'key', 'signal']);
      const { id, users, key = randomId(this.#fillRandom), signal, ...settings } = options;
      const group = groupFrom(id ?? key);
      const fields = { type: 'group.create', group, ...settings, users: users && userIdsFrom(users), key };
      return { key, signal, fields, resultOf: () => handleOf(group) };
    });
  }

  update(group: GroupId, settings: GroupSettingsChange, options: WaitOptions): Promise<void> {
    return this.#change('group.update', group, options, () => {
      assertOptionNames(settings, settingNames);
      // Without a key, the repetition could undo what another user has changed since the first attempt.
      return { ...settings, key: randomId(this.#fillRandom) };
    });
  }

  add(
    type: 'group.add' | 'group.invite',
    group: GroupId,
    users: Iterable<string>,
    options: WaitOptions,
  ): Promise<AddedUsers> {
    return this.#start('ok', () => {
      const fields = { type, group, users: userIdsFrom(users) };
      const resultOf = ({ added = [], invited = [] }: OkAnswer) => ({ added, invited });
      return { signal: signalOf(options), fields, resultOf };
    });
  }

  answer(type: 'group.accept' | 'group.decline', group: GroupId, options: AnswerOptions): Promise<void> {
    return this.#start('ok', () => {
      assertOptionNames(options, ['user', 'signal']);
      const { user, signal } = options;
      const fields = { type, group, user: user === undefined ? undefined : userIdsFrom([user])[0] };
      return { signal, fields, resultOf: () => undefined };
    });
  }

  remove(group: GroupId, users: Iterable<string>, options: WaitOptions): Promise<readonly string[]> {
    return this.#start('ok', () => {
      const fields = { type: 'group.remove', group, users: userIdsFrom(users) };
      return { signal: signalOf(options), fields, resultOf: ({ removed = [] }) => removed };
    });
  }

  setRole(group: GroupId, user: string, role: GroupRole, options: WaitOptions): Promise<void> {
    return this.#change('group.role', group, options, () => ({ user: userIdsFrom([user])[0], role }));
  }

  join(group: GroupId, options: WaitOptions): Promise<JoinResult> {
    return this.#start('ok', () => ({
      signal: signalOf(options),
      fields: { type: 'group.join', group },
      resultOf: ({ pending = false }) => ({ pending }),
    }));
  }

  leave(group: GroupId, options: WaitOptions): Promise<void> {
    return this.#start('ok', () => ({
      signal: signalOf(options),
      fields: { type: 'group.leave', group },
      resultOf: () => undefined,
      // Whether the first attempt did it or not: the user is no member.
      resultOfRepetition: ({ code }) => (code === 'not_a_member' ? { result: undefined } : undefined),
    }));
  }

  delete(group: GroupId, options: WaitOptions): Promise<void> {
    return this.#change('group.delete', group, options, () => ({ key: randomId(this.#fillRandom) }));
  }

  members(group: GroupId, options: GroupMembersOptions): Promise<GroupMembersPage> {
    return this.#start('members', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'group.members', group, after, limit },
        resultOf: ({ members, more, total }) => ({ members: members as readonly GroupMember[], more, total }),
      };
    });
  }

  pending(group: GroupId, options: GroupMembersOptions): Promise<PendingMembersPage> {
    return this.#start('members', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'group.members', group, pending: true, after, limit },
        resultOf: ({ members, more, total }) => ({ pending: members as readonly PendingMember[], more, total }),
      };
    });
  }

  receipts(group: GroupId, position: PositionInput, options: WaitOptions): Promise<GroupReceipts> {
    return this.#start('receipts', () => ({
      signal: signalOf(options),
      fields: { type: 'group.receipts', group, ...positionFrom(position) },
      resultOf: ({ delivered, read }) => ({ delivered, read }),
    }));
  }

  invitations(options: InvitationsOptions): Promise<InvitationsPage> {
    return this.#start('invitations', () => {
      assertOptionNames(options, ['after', 'limit', 'signal']);
      const { after, limit, signal } = options;
      return {
        signal,
        fields: { type: 'group.invitations', after, limit },
        resultOf: ({ invitations, more }) => ({ invitations, more }),
      };
    });
  }

  #change(
    type: string,
    group: GroupId,
    options: WaitOptions,
    describe: () => Readonly<Record<string, unknown>> = () => ({}),
  ): Promise<void> {
    return this.#start('ok', () => ({
      signal: signalOf(options),
      fields: { type, group, ...describe() },
      resultOf: () => undefined,
    }));
  }

  #start<Type extends Answer['type'], Result>(
    answerType: Type,
    describe: () => CommandParts<Type, Result>,
  ): Promise<Result> {
    return this.#requests.start(answerType, () => {
      const { fields, ...parts } = describe();
      const text = textOf(fields).slice(1);
      return { ...parts, size: 2 * text.length, encode: (id) => `{"id":${id},${text}` };
    }).promise;
  }
}

const settingNames = Object.keys({
  title: 0,
  description: 0,
  picture: 0,
  metadata: 0,
  joining: 0,
  history: 0,
  posting: 0,
} satisfies Record<keyof GroupSettings, 0>);

/** The `metadata` of a group is whatever the app passes. */
function textOf(fields: Readonly<Record<string, unknown>>): string {
  try {
    return jsonTextOf(fields as SendBody);
  } catch (cause) {
    throw new LongwireError('invalid_field', `The settings must be JSON values: ${String(cause)}`, { cause });
  }
}

function signalOf(options: WaitOptions): AbortSignalLike | undefined {
  assertOptionNames(options, ['signal']);
  return options.signal;
}

function groupFrom(id: string): GroupId {
  const group = typeof id === 'string' ? parseGroupId(id) : undefined;
  if (group === undefined) throw new LongwireError('invalid_field', `"${id}" is not a group id`);
  return group;
}
