// The client, as the app uses it.

// Also in the declarations: `Symbol.asyncDispose` must not break an app whose own `lib` is older.
/// <reference lib="esnext.disposable" preserve="true" />

import {
  type Address,
  directAddress,
  formatAddress,
  isAddress,
  type PresenceState,
  type ProfiledUser,
  parseGroupId,
  parseUserId,
  type UserProfile,
  type UserSettings,
} from '@longwire/protocol';
import { type AbortSignalLike, assertSignal, type WaitOptions } from './arguments/abort-signal.js';
import { assertOptionNames } from './arguments/option-names.js';
import { type PositionInput, positionFrom } from './arguments/position-input.js';
import { Channel } from './channel.js';
import type { ClientCore } from './client-core.js';
import { isEventName, type LongwireEvents, type SessionInfo } from './client-events.js';
import type { ConnectionState } from './connection/connection-state.js';
import { LongwireError } from './errors.js';
import { Group } from './group.js';
import { Inbox } from './inbox.js';
import type { Listener } from './listeners.js';
import type { CreateGroupOptions, InvitationsOptions, InvitationsPage } from './sending/groups.js';
import type { SendOptions, SendResult } from './sending/pending-sends.js';
import type {
  BlockedOptions,
  BlockedPage,
  ChannelsOptions,
  ChannelsPage,
  SearchUsersOptions,
  UserProfileChange,
} from './sending/queries.js';
import type { SendBody } from './sending/send-body.js';

/**
 * The connection of a user to the server, made by `connect`. It reconnects after a lost connection, delivers each entry
 * once and in order, and repeats what was not answered. Nothing is thrown from its sockets and timers: failures reject
 * the promises or reach the `error` event. Another user needs another client.
 */
export class LongwireClient {
  readonly #core: ClientCore;

  /** @internal Apps call `connect`. */
  constructor(core: ClientCore) {
    this.#core = core;
  }

  get state(): ConnectionState {
    return this.#core.connection.state;
  }

  /** The server's answer to the last sign-in; undefined before the first. */
  get session(): SessionInfo | undefined {
    return this.#core.session;
  }

  /** The number of sends that are neither stored nor refused yet. */
  get pendingSends(): number {
    return this.#core.sends.count;
  }

  /**
   * Calls `listener` for each event of that name, in the order in which listeners were added. What it throws or rejects
   * with goes to `error`. Returns a function that removes it; `signal` removes it too.
   * @throws LongwireError `invalid_field`: not an event, or not a function
   */
  on<Name extends keyof LongwireEvents>(
    name: Name,
    listener: Listener<LongwireEvents[Name]>,
    options: { readonly signal?: AbortSignalLike | undefined } = {},
  ): () => void {
    if (!isEventName(name)) throw new LongwireError('invalid_field', `There is no event ${name}`);
    if (typeof listener !== 'function')
      throw new LongwireError('invalid_field', `The listener of ${name} must be a function`);
    assertOptionNames(options, ['signal']);
    const { signal } = options;
    assertSignal(signal);
    if (signal?.aborted === true) return () => undefined;
    const remove = this.#core.listeners.add(name, listener);
    const stop = () => {
      signal?.removeEventListener('abort', stop);
      remove();
    };
    signal?.addEventListener('abort', stop);
    if (name === 'message' || name === 'member' || name === 'group') this.#core.inbound.resume();
    return stop;
  }

  /**
   * Resolves when the client is signed in, at once if it is.
   * Rejects with a LongwireError: `aborted`, `closed`, `user_changed`, or `stopped` if the server's refusal is final.
   */
  ready(options: WaitOptions = {}): Promise<SessionInfo> {
    return this.#core.ready(options);
  }

  /**
   * The channel with another user, or with the user themselves.
   * @throws LongwireError `invalid_field`: not a user id
   */
  user(id: string): Channel {
    const user = typeof id === 'string' ? parseUserId(id) : undefined;
    if (user === undefined) throw new LongwireError('invalid_field', `"${id}" is not a user id`);
    return this.#channelAt(directAddress(user));
  }

  /**
   * A group by its id. Nothing is sent: the group need not exist.
   * @throws LongwireError `invalid_field`: not a group id
   */
  group(id: string): Group {
    const group = typeof id === 'string' ? parseGroupId(id) : undefined;
    if (group === undefined) throw new LongwireError('invalid_field', `"${id}" is not a group id`);
    const { pendingSends, queries, signals, groups, profiles } = this.#core;
    return new Group(group, formatAddress({ kind: 'group', group }), pendingSends, queries, signals, groups, profiles);
  }

  /**
   * Creates a group with the user as its owner. Of `users`, those who have written to this user before are members, and the
   * others are invited. Resolves when it is stored. A repetition after a lost connection creates no second one. Waits for the
   * connection if there is none.
   *
   * Rejects with a LongwireError: `exists` (the id is or was in use), `invalid_field`, `quota_exceeded`, `rate_limited`, another error of the server, `aborted`, `closed`,
   * `stopped`. If `perhapsStored` of the error is true, repeat the call with the `id`, if there was one, and `error.key`.
   */
  createGroup(options: CreateGroupOptions = {}): Promise<Group> {
    return this.#core.groups.create(options, (id) => this.group(id));
  }

  /** The notifications of the user, which applications write. They arrive as messages with `by`, in the channel `inbox`. */
  get inbox(): Inbox {
    const { pendingSends, queries, signals } = this.#core;
    return new Inbox(formatAddress({ kind: 'inbox', user: undefined }), pendingSends, queries, signals);
  }

  /** What is announced to all users, from the first sign-in of this one on. Arrives as messages with `by`, in the channel `all`. */
  get announcements(): Channel {
    return this.#channelAt(formatAddress({ kind: 'announcement' }));
  }

  /**
   * Writes a notification into the inbox of a user: by convention `{ title, text?, link?, data? }`. For admins, whose token has
   * `role: 'admin'`; resolves and rejects as `send` of a channel, with `forbidden` for others. With `slot`, it replaces the
   * older notification of the same slot; with `ttlMs`, it is removed after that time.
   */
  notify(user: string, body: SendBody, options: SendOptions = {}): Promise<SendResult> {
    const id = typeof user === 'string' ? parseUserId(user) : undefined;
    if (id === undefined) throw new LongwireError('invalid_field', `"${user}" is not a user id`);
    return this.#channelAt(formatAddress({ kind: 'inbox', user: id })).send(body, options);
  }

  /** Announces something to all users, those who are offline included. For admins, as `notify`. */
  announce(body: SendBody, options: SendOptions = {}): Promise<SendResult> {
    return this.announcements.send(body, options);
  }

  /**
   * A page of the groups that the user is invited to, without those of users whom they block. The event `invitation` reports
   * what changes. Waits for the connection if there is none.
   */
  invitations(options: InvitationsOptions = {}): Promise<InvitationsPage> {
    return this.#core.groups.invitations(options);
  }

  /**
   * Any channel by its address: `user/bob`, `group/eng`, `inbox`, `all`, `topic/stocks/AAPL`.
   * @throws LongwireError `invalid_field`: not an address
   */
  channel(address: string): Channel {
    return this.#channelAt(addressFrom(address));
  }

  /** A page of the user's channels, the one with the newest entry first. Waits for the connection if there is none. */
  channels(options: ChannelsOptions = {}): Promise<ChannelsPage> {
    return this.#core.queries.channels(options);
  }

  /**
   * The name and picture of a user with whom this one has exchanged a message. Empty if the user has neither, and for all
   * others, whether they exist or not. `group.profile` is the same for members of a group; `channels`, `members` and
   * `presence` have them without asking.
   *
   * Calls of one turn ask the server once, and answers are kept for 10 minutes, or until a reconnect: call it for each
   * message that is shown. Waits for the connection if there is none. Rejects with a LongwireError: `invalid_field`,
   * `rate_limited`, another error of the server, `closed`, `stopped`.
   */
  profile(user: string): Promise<UserProfile> {
    return this.#core.profiles.find(user);
  }

  /**
   * Users whose names begin with `prefix`, in upper or lower case, ascending by name; users who block this one are left out.
   * The feature `search` of `session.features` says that the server allows it. Waits for the connection if there is none.
   * Rejects with a LongwireError: `forbidden` (the server does not), `invalid_field`, `rate_limited`, `aborted`, `closed`.
   */
  searchUsers(prefix: string, options: SearchUsersOptions = {}): Promise<readonly ProfiledUser[]> {
    return this.#core.queries.searchUsers(prefix, options);
  }

  /**
   * Gives a user another name or picture, until their next token has others. For admins, whose token has `role: "admin"`.
   * Resolves when it is stored. Rejects with a LongwireError: `forbidden`, `no_such_user`, `invalid_field`, `rate_limited`,
   * another error of the server, `aborted`, `closed`.
   */
  updateUser(user: string, profile: UserProfileChange, options: WaitOptions = {}): Promise<void> {
    return this.#core.queries.updateUser(user, profile, options);
  }

  /**
   * Who of these users is online, and when the others were last seen, with their names and pictures. Users look offline who have
   * neither written to this one nor are in a small group with them.
   * Waits for the connection if there is none.
   * @throws (rejects) LongwireError `invalid_field`: not user ids
   */
  presence(users: Iterable<string>, options: WaitOptions = {}): Promise<ReadonlyMap<string, PresenceState>> {
    return this.#core.watches.look(users, options);
  }

  /**
   * As `presence`, and reports every change with the event `presence` until `unwatch`, also over reconnects.
   * @throws (rejects) LongwireError `invalid_field`, or `quota_exceeded`: more than `session.limits.watches`
   */
  watch(users: Iterable<string>, options: WaitOptions = {}): Promise<ReadonlyMap<string, PresenceState>> {
    return this.#core.watches.watch(users, options);
  }

  /** Ends `watch` for these users. */
  unwatch(users: Iterable<string>, options: WaitOptions = {}): Promise<void> {
    return this.#core.watches.unwatch(users, options);
  }

  /**
   * What the user shows to others, and so sees of them: presence, and receipts. Both are `true` unless they were changed.
   * Changes those that are given, and resolves with both once they are stored.
   */
  settings(changed: Partial<UserSettings> = {}, options: WaitOptions = {}): Promise<UserSettings> {
    return this.#core.queries.settings(changed, options);
  }

  /**
   * Blocks a user: nothing new passes between the two any more, in either direction: no messages, signals or presence. What
   * was written before stays readable. Resolves when it is stored; a user who is blocked already stays so.
   *
   * The user's other sessions get the event `channel` with `blocked: true`; the other user is not informed, but a send to
   * someone who blocks them rejects with `blocked`. Waits for the connection if there is none. Rejects with a LongwireError:
   * `quota_exceeded` (the user blocks as many as allowed), `rate_limited`, another error of the server, `aborted`, `closed`.
   */
  block(user: string, options: WaitOptions = {}): Promise<void> {
    return this.#core.queries.setBlock('block', user, options);
  }

  /** Ends a block by this user. Resolves when that is stored; a user who is not blocked stays so. Rejects as `block`. */
  unblock(user: string, options: WaitOptions = {}): Promise<void> {
    return this.#core.queries.setBlock('unblock', user, options);
  }

  /** A page of the users whom the user blocks, oldest channel first. Waits for the connection if there is none. */
  blocked(options: BlockedOptions = {}): Promise<BlockedPage> {
    return this.#core.queries.blocked(options);
  }

  /**
   * With `ackMode: 'manual'`: acknowledges this message and all before it in its channel. Sent with others, within 2 s.
   * @throws LongwireError `invalid_field`: not a message
   */
  ack(message: PositionInput & { readonly channel: string }): void {
    const position = positionFrom(message);
    this.#core.acks.take(addressFrom(message.channel), position);
  }

  /** The newest received position in a channel; undefined if nothing was received. The app's handlers may be behind it. */
  position(address: string): PositionInput | undefined {
    return this.#core.inbound.positionOf(address);
  }

  /** Connects now, instead of at the next attempt, or after the server ended the session for good. */
  reconnect(): void {
    this.#core.start();
  }

  /**
   * Ends the client for good: delivers nothing more, waits up to `closeTimeoutMs` for running handlers (do not await it in
   * one), acknowledges what they have handled, closes. Pending sends reject with `closed`. Resolves when the socket is
   * closed; another call waits for the same end.
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #channelAt(address: Address): Channel {
    const { pendingSends, queries, signals } = this.#core;
    return new Channel(address, pendingSends, queries, signals);
  }
}

function addressFrom(text: string): Address {
  if (typeof text === 'string' && isAddress(text)) return text;
  throw new LongwireError('invalid_field', `"${text}" is not an address`);
}
