// The rule of presence: who sees of whom whether they are online, and what is pushed to the sessions that watch.

import type { PresenceState, UserId, UserSettings } from '@longwire/protocol';
import type { Bus, BusEvent, EventListener } from '../../bus/bus.js';
import type { LaneListener } from '../../bus/order-gate.js';
import { type Channel, peerIn } from '../../channel/channel.js';
import { messageKind } from '../../channel/entry.js';
import type { LaneRow } from '../../channel/lane.js';
import type { BlockChange } from '../../channel/membership.js';
import { changedProfile, NO_PROFILE, type ProfileChange } from '../../channel/profile.js';
import { CodecPushes } from '../../delivery/encoded-push.js';
import type { MemberCache } from '../../membership/member-cache.js';
import type { Clock } from '../../runtime/clock.js';
import type { ActiveUsers } from '../active-users.js';
import type { ClientSession } from '../client-session.js';
import {
  type Audience,
  isSame,
  latest,
  NOTHING,
  type Seen,
  type Subject,
  stateOf,
  type View,
  type Viewer,
  type Watcher,
} from './audience.js';
import { OnlineUsers } from './online-users.js';
import { PairBlocks } from './pair-blocks.js';
import { PresenceFacts, type PresenceFactsParts } from './presence-facts.js';
import { SharedGroups } from './shared-groups.js';

export interface PresenceParts extends PresenceFactsParts {
  readonly clock: Clock;
  readonly users: Pick<ActiveUsers, 'sessionsOf'>;
  readonly bus: Pick<Bus, 'signal'>;
  readonly members: Pick<MemberCache, 'peek' | 'prepare'>;
  /** What is needed for an answer could not be read. */
  readonly onFailure: (error: unknown) => void;
}

export interface PresenceOptions {
  readonly graceMs: number;
  /** Users that one session may watch. */
  readonly watches: number;
  /** Members of a group up to which they see each other. */
  readonly groupMembers: number;
}

export class Presence implements LaneListener, EventListener {
  readonly #parts: PresenceParts;
  readonly #maxWatches: number;
  readonly #online: OnlineUsers;
  readonly #facts: PresenceFacts;
  readonly #groups: SharedGroups<Audience>;
  readonly #subjects = new Map<UserId, Subject>();
  readonly #viewers = new Map<UserId, Viewer>();
  readonly #watchers = new Map<ClientSession, Watcher>();

  constructor(parts: PresenceParts, { graceMs, watches, groupMembers }: PresenceOptions) {
    this.#parts = parts;
    this.#maxWatches = watches;
    this.#facts = new PresenceFacts(parts, groupMembers);
    const { clock, users, bus, states, members, onFailure } = parts;
    const pairsOf = (user: UserId) => this.#audiencesOf(user);
    const find = (viewer: UserId, users: readonly UserId[]) => this.#facts.sharedGroups(viewer, users);
    const onChanged = (audience: Audience) => this.#push(audience);
    this.#groups = new SharedGroups({ members, pairsOf, find, onChanged, onFailure }, groupMembers);
    this.#online = new OnlineUsers(
      {
        clock,
        hasSession: (user) => users.sessionsOf(user).some(({ isLive }) => isLive),
        onCame: (user) => bus.signal({ type: 'presence', user, lastSeenAt: undefined }),
        onWent: (user, lastSeenAt) => {
          states.seen(user, lastSeenAt);
          bus.signal({ type: 'presence', user, lastSeenAt });
        },
      },
      graceMs,
    );
  }

  /** `look` or `watch` has rejected. */
  reportFailure(error: unknown): void {
    this.#parts.onFailure(error);
  }

  /** Users with a session. */
  get onlineUsers(): number {
    return this.#online.size;
  }

  /** A session was signed in. */
  begin({ user }: ClientSession): void {
    this.#online.update(user);
  }

  /** A session has ended. Does nothing for one that was not signed in. */
  end(session: ClientSession): void {
    const watcher = this.#watchers.get(session);
    for (const audience of watcher?.pushed.keys() ?? []) this.#forget(watcher!, audience);
    this.#watchers.delete(session);
    if (session.identity !== undefined) this.#online.update(session.user);
  }

  /** The server stops: all users are reported as gone. */
  endAll(): void {
    this.#online.end();
  }

  /**
   * The present state of each user, as far as the viewer may see it.
   * @throws (rejects) what the store rejects with
   */
  async look(viewer: UserId, users: readonly UserId[]): Promise<ReadonlyMap<UserId, PresenceState>> {
    const facts = await this.#facts.load(viewer, users);
    return new Map(
      users.map((user, index) => {
        const { hasWritten, group, rights, lastSeenAt, isShown, profile } = facts.of[index]!;
        const consents = hasWritten || group !== undefined;
        const isBlocked = new PairBlocks(rights).isAny;
        const mayBeSeen = user === viewer || (consents && !isBlocked && isShown && facts.isViewerShown);
        return [user, stateOf(mayBeSeen ? { seen: this.#present(user, lastSeenAt), profile } : NOTHING)];
      }),
    );
  }

  /**
   * Reports every change of these users to the session from now on. False: they are too many, and none of those that are new
   * is watched.
   * @param answer  called with their present states, which nothing older follows; undefined: they are pushed
   * @throws (rejects) what the store rejects with; then none of those that are new is watched
   */
  async watch(
    session: ClientSession,
    users: readonly UserId[],
    answer: ((states: ReadonlyMap<UserId, PresenceState>) => void) | undefined,
  ): Promise<boolean> {
    const watcher = this.#watcherOf(session);
    const viewer = this.#viewerOf(session.user);
    const known = new Set([...watcher.pushed.keys()].map(({ subject }) => subject.user));
    const added = users.filter((user) => !known.has(user));
    if (known.size + added.length > this.#maxWatches) {
      this.#dropUnused(watcher, viewer);
      return false;
    }
    // Before anything is read: what changes meanwhile reaches the audience.
    const audiences = users.map((user) => this.#join(watcher, viewer, user));
    try {
      const facts = await this.#facts.load(viewer.user, users);
      viewer.isShown = this.#isShownNow(viewer.user) ?? facts.isViewerShown;
      audiences.forEach((audience, index) => {
        const { hasWritten, rights, lastSeenAt, isShown, profile } = facts.of[index]!;
        const { subject } = audience;
        audience.blocks.load(rights);
        audience.hasWritten ||= hasWritten;
        subject.isShown = this.#isShownNow(subject.user) ?? isShown;
        subject.lastSeenAt = latest(subject.lastSeenAt, lastSeenAt);
        subject.profile = changedProfile(profile, subject.profileChanges);
      });
      const groups = facts.of.map(({ group }) => group);
      await this.#groups.load(audiences, groups);
    } catch (error) {
      for (const audience of audiences) if (added.includes(audience.subject.user)) this.#forget(watcher, audience);
      throw error;
    }
    if (answer === undefined) this.#pushAgain(watcher, audiences);
    else this.#answer(session, audiences, answer);
    return true;
  }

  unwatch(session: ClientSession, users: readonly UserId[]): void {
    const watcher = this.#watchers.get(session);
    for (const user of users) {
      const audience = this.#subjects.get(user)?.audiences.get(session.user);
      if (watcher !== undefined && audience !== undefined) this.#forget(watcher, audience);
    }
  }

  /** The user has changed what they show, and so what they see. */
  #changeSettings(user: UserId, { presence }: UserSettings): void {
    const subject = this.#subjects.get(user);
    if (subject !== undefined) {
      subject.isShown = presence;
      this.#pushAll(subject);
    }
    const viewer = this.#viewers.get(user);
    if (viewer === undefined) return;
    viewer.isShown = presence;
    for (const audience of viewer.audiences) this.#push(audience);
  }

  #changeProfile(user: UserId, change: ProfileChange): void {
    const subject = this.#subjects.get(user);
    if (subject === undefined) return;
    const { name = subject.profileChanges.name, picture = subject.profileChanges.picture } = change;
    subject.profileChanges = { name, picture };
    subject.profile = changedProfile(subject.profile, change);
    this.#pushAll(subject);
  }

  /** A message to a user who watches its sender: from now on they see them. A block: from now on neither sees the other. */
  onRow(row: LaneRow): void {
    if (this.#subjects.size === 0) return;
    this.#groups.onRow(row);
    const { seq, channel, entry, change } = row;
    if (change !== undefined && change.blocks.length > 0) this.#onBlocks(channel, change.blocks, seq);
    const from = entry?.from;
    if (from === undefined || channel.kind !== 'direct' || entry?.kind !== messageKind) return;
    const audience = this.#subjects.get(from)?.audiences.get(peerIn(channel, from));
    if (audience === undefined || audience.hasWritten) return;
    audience.hasWritten = true;
    this.#push(audience);
  }

  #onBlocks(channel: Channel, changes: readonly BlockChange[], seq: number): void {
    if (channel.kind !== 'direct') return;
    const { low, high } = channel;
    for (const audience of [
      this.#subjects.get(low)?.audiences.get(high),
      this.#subjects.get(high)?.audiences.get(low),
    ]) {
      if (audience === undefined) continue;
      for (const { by, isBlocked } of changes) audience.blocks.change(by === low ? 'low' : 'high', isBlocked, seq);
      this.#push(audience);
    }
  }

  onEvent(event: BusEvent): void {
    if (event.type === 'settings') this.#changeSettings(event.user, event.settings);
    if (event.type === 'profile') this.#changeProfile(event.user, event.change);
    if (event.type !== 'presence') return;
    const subject = this.#subjects.get(event.user);
    if (subject === undefined) return;
    subject.lastSeenAt = latest(subject.lastSeenAt, event.lastSeenAt);
    this.#pushAll(subject);
  }

  /** What was loaded may be older than a change that was reported meanwhile. */
  #isShownNow(user: UserId): boolean | undefined {
    return this.#parts.states.peek(user)?.settings.presence;
  }

  /** Consent: a message of the subject, or a small group that both are in; a block ends it. */
  #viewOf({ subject, viewer, hasWritten, group, blocks }: Audience): View {
    const isOneself = subject.user === viewer.user;
    if (!isOneself && !((hasWritten || group !== undefined) && !blocks.isAny && subject.isShown && viewer.isShown))
      return NOTHING;
    return { seen: this.#present(subject.user, subject.lastSeenAt), profile: subject.profile };
  }

  #answer(
    session: ClientSession,
    audiences: readonly Audience[],
    answer: (states: ReadonlyMap<UserId, PresenceState>) => void,
  ): void {
    const states = new Map<UserId, PresenceState>();
    const renewed: Audience[] = [];
    for (const audience of audiences) {
      const view = this.#viewOf(audience);
      states.set(audience.subject.user, stateOf(view));
      // Another one if the user was given up meanwhile, and is watched again.
      const present = this.#subjects.get(audience.subject.user)?.audiences.get(session.user);
      const pushed = this.#watchers.get(session)?.pushed;
      if (present === undefined || pushed?.has(present) !== true) continue;
      pushed.set(present, view);
      if (present !== audience) renewed.push(present);
    }
    answer(states);
    for (const audience of renewed) this.#push(audience);
  }

  /** Also where there is nothing to see: nothing else takes back what the session got when it watched the user before. */
  #pushAgain(watcher: Watcher, audiences: readonly Audience[]): void {
    for (const audience of audiences) {
      // Given up meanwhile.
      if (!watcher.pushed.has(audience)) continue;
      watcher.pushed.set(audience, 'unknown');
      this.#push(audience);
    }
  }

  #present(user: UserId, lastSeenAt: number | undefined): Seen {
    return this.#online.has(user) ? 'online' : lastSeenAt;
  }

  #pushAll({ audiences }: Subject): void {
    for (const audience of audiences.values()) this.#push(audience);
  }

  #push(audience: Audience): void {
    const view = this.#viewOf(audience);
    const pushes = new CodecPushes((codec) => codec.presence({ user: audience.subject.user, ...stateOf(view) }));
    for (const watcher of audience.watchers) this.#offer(watcher, audience, view, pushes);
  }

  /** A session without room gets the state of the moment at which it has some. */
  #offer(watcher: Watcher, audience: Audience, view: View, pushes: CodecPushes): void {
    if (watcher.isWaitingForRoom || isSame(watcher.pushed.get(audience), view)) return;
    if (watcher.session.offer(pushes.in(watcher.session.codec), watcher)) watcher.pushed.set(audience, view);
    else watcher.isWaitingForRoom = true;
  }

  #pushDue(watcher: Watcher): void {
    watcher.isWaitingForRoom = false;
    for (const audience of watcher.pushed.keys()) {
      const view = this.#viewOf(audience);
      const pushes = new CodecPushes((codec) => codec.presence({ user: audience.subject.user, ...stateOf(view) }));
      this.#offer(watcher, audience, view, pushes);
    }
  }

  *#audiencesOf(user: UserId): Iterable<Audience> {
    yield* this.#subjects.get(user)?.audiences.values() ?? [];
    yield* this.#viewers.get(user)?.audiences ?? [];
  }

  #watcherOf(session: ClientSession): Watcher {
    const known = this.#watchers.get(session);
    if (known !== undefined) return known;
    const watcher: Watcher = {
      session,
      pushed: new Map(),
      isWaitingForRoom: false,
      onRoom: () => this.#pushDue(watcher),
    };
    this.#watchers.set(session, watcher);
    return watcher;
  }

  #viewerOf(user: UserId): Viewer {
    const known = this.#viewers.get(user);
    if (known !== undefined) return known;
    const viewer: Viewer = { user, isShown: false, audiences: new Set() };
    this.#viewers.set(user, viewer);
    return viewer;
  }

  #join(watcher: Watcher, viewer: Viewer, user: UserId): Audience {
    let subject = this.#subjects.get(user);
    if (subject === undefined) {
      const unchanged = { name: undefined, picture: undefined };
      const nothing = { lastSeenAt: undefined, isShown: false, profile: NO_PROFILE, profileChanges: unchanged };
      subject = { user, ...nothing, audiences: new Map() };
      this.#subjects.set(user, subject);
    }
    let audience = subject.audiences.get(viewer.user);
    if (audience === undefined) {
      const unknown = { hasWritten: false, group: undefined, blocks: new PairBlocks(), watchers: new Set<Watcher>() };
      audience = { subject, viewer, ...unknown };
      subject.audiences.set(viewer.user, audience);
      viewer.audiences.add(audience);
    }
    audience.watchers.add(watcher);
    if (!watcher.pushed.has(audience)) watcher.pushed.set(audience, NOTHING);
    return audience;
  }

  #forget(watcher: Watcher, audience: Audience): void {
    watcher.pushed.delete(audience);
    audience.watchers.delete(watcher);
    const { subject, viewer } = audience;
    if (audience.watchers.size === 0) {
      this.#groups.forget(audience);
      subject.audiences.delete(viewer.user);
      viewer.audiences.delete(audience);
    }
    if (subject.audiences.size === 0) this.#subjects.delete(subject.user);
    this.#dropUnused(watcher, viewer);
  }

  #dropUnused(watcher: Watcher, viewer: Viewer): void {
    if (viewer.audiences.size === 0) this.#viewers.delete(viewer.user);
    if (watcher.pushed.size === 0) this.#watchers.delete(watcher.session);
  }
}
