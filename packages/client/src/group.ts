// A group, as the app uses it: `client.group('eng')`.

import type { Address, GroupId, GroupRole, GroupSettingsChange, UserProfile } from '@longwire/protocol';
import type { WaitOptions } from './arguments/abort-signal.js';
import type { PositionInput } from './arguments/position-input.js';
import { Channel, type ChannelParts } from './channel.js';
import type {
  AddedUsers,
  AnswerOptions,
  GroupMembersOptions,
  GroupMembersPage,
  GroupReceipts,
  Groups,
  JoinResult,
  PendingMembersPage,
} from './sending/groups.js';
import type { Profiles } from './sending/profiles.js';

/**
 * A channel with members, each an `owner`, an `admin` or a `member`. What the methods change arrives as the event `member` or
 * `group`, for this client too.
 *
 * Each change resolves when it is stored, also if that takes a reconnect; what is so already stays so. Rejects with a
 * LongwireError: `not_a_member` (the group does not exist for this user), `forbidden` (the role does not allow it),
 * `invalid_field`, `rate_limited`, another error of the server, `aborted`, `closed`, `stopped`.
 */
export class Group extends Channel {
  readonly id: string;
  readonly #group: GroupId;
  readonly #groups: Groups;
  readonly #profiles: Profiles;

  /** @internal Apps call `client.group`. */
  constructor(id: GroupId, address: Address, ...parts: [...ChannelParts, Groups, Profiles]) {
    const [sends, queries, signals, groups, profiles] = parts;
    super(address, sends, queries, signals);
    this.id = id;
    this.#group = id;
    this.#groups = groups;
    this.#profiles = profiles;
  }

  /**
   * Changes those settings that are given; one that is `null` has its default again. For owners and admins.
   * Rejects as described at `Group`, and with `too_large`: the settings have too many bytes together.
   */
  update(settings: GroupSettingsChange, options: WaitOptions = {}): Promise<void> {
    return this.#groups.update(this.#group, settings, options);
  }

  /**
   * Adds up to 200 users who have written to this user before or have asked to join, and invites the others. For owners and
   * admins. Rejects as described at `Group`, and with `quota_exceeded` if the group would have too many members or
   * invitations, or one of the users too many. Then none is added or invited.
   */
  add(users: Iterable<string>, options: WaitOptions = {}): Promise<AddedUsers> {
    return this.#groups.add('group.add', this.#group, users, options);
  }

  /** As `add`, but adds only those who have asked to join, and invites all others. */
  invite(users: Iterable<string>, options: WaitOptions = {}): Promise<AddedUsers> {
    return this.#groups.add('group.invite', this.#group, users, options);
  }

  /**
   * Accepts the invitation of this user, or with `user` the request of another one, for owners and admins. Rejects with
   * `not_a_member` if this user is not invited, `invalid_field` if the other one has not asked, `quota_exceeded` if the group
   * is full.
   */
  accept(options: AnswerOptions = {}): Promise<void> {
    return this.#groups.answer('group.accept', this.#group, options);
  }

  /**
   * Declines the invitation of this user or takes their request back; with `user`, declines the request of another one or takes
   * their invitation back, for owners and admins. Without an invitation or request, it changes nothing.
   */
  decline(options: AnswerOptions = {}): Promise<void> {
    return this.#groups.answer('group.decline', this.#group, options);
  }

  /**
   * Removes up to 200 members, and ends the invitations and requests of users. Owners remove all others, admins those with the
   * role `member`.
   * @returns those who were members, invited or had asked; after a lost connection perhaps fewer, as of `add`
   */
  remove(users: Iterable<string>, options: WaitOptions = {}): Promise<readonly string[]> {
    return this.#groups.remove(this.#group, users, options);
  }

  /** Gives a member another role. For owners; `forbidden` also if no owner would be left. `invalid_field`: not a member. */
  setRole(user: string, role: GroupRole, options: WaitOptions = {}): Promise<void> {
    return this.#groups.setRole(this.#group, user, role, options);
  }

  /**
   * Joins a group whose `joining` is `open`, or to which the user is invited; asks to join one whose `joining` is `request`
   * (`pending: true`). Rejects with `not_a_member` if it is `closed`, and with `quota_exceeded` if it is full.
   */
  join(options: WaitOptions = {}): Promise<JoinResult> {
    return this.#groups.join(this.#group, options);
  }

  /**
   * Leaves the group; the last one who leaves ends it. `forbidden`: the last owner makes another member an owner first.
   * What came up to then stays readable with `history`.
   */
  leave(options: WaitOptions = {}): Promise<void> {
    return this.#groups.leave(this.#group, options);
  }

  /** Removes all members and ends the group; its id stays taken. For owners. */
  delete(options: WaitOptions = {}): Promise<void> {
    return this.#groups.delete(this.#group, options);
  }

  /** A page of the members with their names and pictures, ascending by the bytes of their ids. For members. */
  members(options: GroupMembersOptions = {}): Promise<GroupMembersPage> {
    return this.#groups.members(this.#group, options);
  }

  /**
   * Which other members have received and read a message, or another entry. For members. Who has switched off `receipts` is
   * in neither list, and gets empty ones. Rejects with `forbidden` in a group of more than `receipts.maxMembers` of the server.
   */
  receipts(message: PositionInput, options: WaitOptions = {}): Promise<GroupReceipts> {
    return this.#groups.receipts(this.#group, message, options);
  }

  /** A page of the users who are invited or have asked to join, ascending by the bytes of their ids. For owners and admins. */
  pending(options: GroupMembersOptions = {}): Promise<PendingMembersPage> {
    return this.#groups.pending(this.#group, options);
  }

  /**
   * The name and picture of a user who is or was in the group, such as `message.from`; see `client.profile`. For members; who
   * has left finds those who had joined by then.
   */
  profile(user: string): Promise<UserProfile> {
    return this.#profiles.find(user, this.#group);
  }
}
