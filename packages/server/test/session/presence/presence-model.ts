// Presence beside a naive model of it: after any interleaving, what was pushed last to every session is what its user may see.

import type { DeviceId, PresenceState, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import type { BusEvent } from '../../../src/bus/bus.js';
import { directChannel } from '../../../src/channel/channel.js';
import { makeEntry } from '../../../src/channel/entry.js';
import { LocalUsers } from '../../../src/membership/local-users.js';
import { MemberCache } from '../../../src/membership/member-cache.js';
import { StoreTurns } from '../../../src/messaging/store-turns.js';
import { UserStateCache } from '../../../src/messaging/user-state-cache.js';
import { RefusalCounter } from '../../../src/runtime/refusal-counter.js';
import { ActiveUsers } from '../../../src/session/active-users.js';
import { ClientSession } from '../../../src/session/client-session.js';
import { OutboxBudget } from '../../../src/session/limits/outbox-budget.js';
import { Presence } from '../../../src/session/presence/presence.js';
import { openMemoryStore } from '../../../src/storage/memory/memory-store.js';
import type { MessageLog } from '../../../src/storage/message-log.js';
import type { Profiles } from '../../../src/storage/profiles.js';
import type { Store } from '../../../src/storage/store.js';
import type { UserStates } from '../../../src/storage/user-states.js';
import {
  appendOne,
  changeOf,
  control,
  entryIn,
  group,
  joins,
  leaves,
  message,
  versionOf,
} from '../../storage/requests.js';
import { WrittenOutlet } from '../written-outlet.js';

export const GRACE_MS = 5_000;
export const MAX_WATCHES = 3;
/** Members of a group up to which they see each other. */
const GROUP_MEMBERS = 2;
const OUTBOX_BYTES = 200;
const rates = {
  commandsPerSecond: 1_000,
  sendsPerSecond: 1_000,
  sendBurst: 1_000,
  bodyBytesPerSecond: 1_000_000,
  bodyBytesBurst: 1_000_000,
  pagesPerSecond: 1_000,
  acksPerSecond: 1_000,
  signalsPerSecond: 1_000,
  blocksPerSecond: 1_000,
  searchesPerSecond: 1_000,
};

/** Calls of the store that a test lets through when it wants. */
class HeldStates {
  readonly #states: UserStates;
  readonly #log: MessageLog;
  readonly #profiles: Profiles;
  #held: (() => void)[] = [];

  constructor({ userStates, log, profiles }: Store) {
    this.#states = userStates;
    this.#log = log;
    this.#profiles = profiles;
  }

  load: UserStates['load'] = (users) => this.#hold(() => this.#states.load(users));
  write: UserStates['write'] = (batch) => this.#hold(() => this.#states.write(batch));
  sharedGroups: UserStates['sharedGroups'] = (viewer, users, max) =>
    this.#hold(() => this.#states.sharedGroups(viewer, users, max));
  haveWritten: UserStates['haveWritten'] = (pairs) => this.#hold(() => this.#states.haveWritten(pairs));
  rights: MessageLog['rights'] = (channels) => this.#hold(() => this.#log.rights(channels));
  loadProfiles: Profiles['load'] = (users) => this.#hold(() => this.#profiles.load(users));

  /** @returns whether there was one */
  releaseOne(): boolean {
    const release = this.#held.shift();
    release?.();
    return release !== undefined;
  }

  /** The store is asked at once, and its answer held: what happens meanwhile is newer. */
  #hold<Result>(call: () => Promise<Result>): Promise<Result> {
    const result = call();
    return new Promise((resolve, reject) => {
      this.#held.push(() => void result.then(resolve, reject));
    });
  }
}

export class ModelClient {
  readonly session: ClientSession;
  readonly outlet = new WrittenOutlet();
  readonly watched = new Set<UserId>();
  /** What the client knows, as it would show it. */
  readonly shown = new Map<UserId, PresenceState>();
  #read = 0;

  constructor(id: string) {
    this.session = new ClientSession(
      id,
      this.outlet,
      { outboxBytes: OUTBOX_BYTES, inFlight: 4 },
      new OutboxBudget(1_000_000),
    );
  }

  /** Takes what was queued; the system takes all of it. */
  read(): void {
    for (;;) {
      const texts = this.outlet.log.slice(this.#read);
      this.#read = this.outlet.log.length;
      for (const text of texts) this.#take(text);
      if (this.outlet.bufferedBytes === 0 && this.#read === this.outlet.log.length) return;
      this.outlet.writeUntil(0);
    }
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return;
    const { type, user, online, lastSeenAt, name, users } = JSON.parse(text);
    if (type === 'presence') this.shown.set(user, { online, lastSeenAt, name });
    for (const [name, state] of Object.entries(users ?? {})) this.shown.set(name as UserId, state as PresenceState);
  }
}

export class PresenceModel {
  readonly clock = new ManualClock();
  readonly clients: ModelClient[] = [];
  readonly #store: Store;
  readonly #states: HeldStates;
  readonly #cache: UserStateCache;
  readonly #members: MemberCache;
  readonly #groups = new Map<string, Set<UserId>>();
  readonly #active: ActiveUsers;
  readonly presence: Presence;
  readonly #written = new Set<string>();
  readonly #blocks = new Set<string>();
  readonly #hides = new Set<UserId>();
  readonly #lastSeenAt = new Map<UserId, number>();
  readonly #names = new Map<UserId, string | undefined>();
  readonly #known = new Set<UserId>();
  readonly faults: string[] = [];
  readonly #pending: Promise<unknown>[] = [];
  #sessions = 0;

  private constructor(store: Store) {
    this.#store = store;
    this.#states = new HeldStates(store);
    const turns = new StoreTurns(10_000, new RefusalCounter());
    const onFailure = (error: unknown) => void this.faults.push(String(error));
    this.#cache = new UserStateCache({ states: this.#states, turns, onFailure });
    this.#active = new ActiveUsers(this.clock, { rates, sessions: { perUser: 3, whenFull: 'replace-oldest' } });
    this.#members = new MemberCache({
      log: {
        rights: (channels) => this.#states.rights(channels),
        members: (...page) => store.log.members(...page),
        pending: (...page) => store.log.pending(...page),
      },
      whenApplied: () => undefined,
      users: new LocalUsers(),
      clock: this.clock,
      onFailure,
    });
    const bus = { signal: (event: BusEvent) => this.presence.onEvent(event) };
    const parts = {
      clock: this.clock,
      users: this.#active,
      bus,
      states: this.#cache,
      turns,
      members: this.#members,
    };
    const held = { userStates: this.#states, log: this.#states, profiles: { load: this.#states.loadProfiles } };
    this.presence = new Presence(
      { ...parts, store: held, onFailure },
      {
        graceMs: GRACE_MS,
        watches: MAX_WATCHES,
        groupMembers: GROUP_MEMBERS,
      },
    );
  }

  static async open(users: readonly UserId[]): Promise<PresenceModel> {
    const model = new PresenceModel(await openMemoryStore({ maxBytes: 100_000_000 }));
    for (const user of users) model.#known.add(user);
    return model;
  }

  async signIn(user: UserId, device: DeviceId): Promise<void> {
    const mustExist = { user: false, device: false };
    const at = this.clock.now();
    await this.#store.directory.openDevice({ user, device, mustExist, at, inUse: [], unfinished: undefined });
    this.#sessions += 1;
    const client = new ModelClient(`${user}-${this.#sessions}`);
    const before = this.#active.sessionsOf(user);
    this.#active.admit(client.session, user, device);
    client.session.phase = 'ready';
    this.clients.push(client);
    this.presence.begin(client.session);
    for (const session of before) if (session.hasEnded) this.#gone(session);
  }

  signOut(client: ModelClient): void {
    this.#gone(client.session);
  }

  async block(by: UserId, user: UserId, isBlocked: boolean): Promise<void> {
    if (by === user) return;
    const channel = directChannel(by, user);
    const version = await versionOf(this.#store.log, channel);
    const stored = await appendOne(this.#store.log, control(channel, version, { blocks: [{ by, isBlocked }] }));
    if (stored.outcome !== 'controlled') throw new Error(stored.outcome);
    if (isBlocked) this.#blocks.add(`${by} ${user}`);
    else this.#blocks.delete(`${by} ${user}`);
    this.presence.onRow({ seq: stored.seq, stamp: 0, channel, entry: undefined, change: stored.change });
  }

  async write(from: UserId, to: UserId): Promise<void> {
    if (this.#isBlocked(from, to)) return;
    const rightsVersion = await versionOf(this.#store.log, directChannel(from, to));
    const request = message(from, to, { rightsVersion });
    const stored = await appendOne(this.#store.log, request);
    if (stored.outcome !== 'stored') throw new Error(stored.outcome);
    this.#written.add(`${from} ${to}`);
    const { channel } = request;
    const entry = makeEntry(channel, request.content!, stored);
    this.presence.onRow({ seq: stored.seq, stamp: 0, channel, entry, change: undefined });
  }

  /** Joins the group, or leaves it. */
  async toggleMember(id: string, user: UserId): Promise<void> {
    const members = this.#groups.get(id) ?? new Set();
    this.#groups.set(id, members);
    const isMember = members.delete(user);
    if (!isMember) members.add(user);
    const channel = group(id);
    const change = changeOf({ members: [isMember ? leaves(user) : joins(user)] });
    const rightsVersion = await versionOf(this.#store.log, channel);
    const request = entryIn(channel, user, { kind: 'member', rightsVersion, change });
    const stored = await appendOne(this.#store.log, request);
    if (stored.outcome !== 'stored') throw new Error(stored.outcome);
    const entry = makeEntry(channel, request.content!, stored);
    const row = { seq: stored.seq, stamp: 0, channel, entry, change: stored.change };
    this.#members.beforeFanOut.onRow(row);
    this.#members.afterFanOut.onRow(row);
    this.presence.onRow(row);
  }

  watch(client: ModelClient, users: readonly UserId[]): void {
    const { session } = client;
    const isTooMany = new Set([...client.watched, ...users]).size > MAX_WATCHES;
    if (!isTooMany) for (const user of users) client.watched.add(user);
    const answer = (states: ReadonlyMap<UserId, PresenceState>) =>
      session.queueText(JSON.stringify({ users: Object.fromEntries(states) }));
    const watching = this.presence.watch(session, users, this.#sessions % 2 === 0 ? answer : undefined);
    const checked = watching.then((isTaken) => {
      if (isTaken === isTooMany) this.faults.push(`watch returned ${isTaken} for ${client.watched.size} users`);
    });
    this.#pending.push(checked);
  }

  unwatch(client: ModelClient, users: readonly UserId[]): void {
    this.presence.unwatch(client.session, users);
    for (const user of users) client.watched.delete(user);
  }

  changeSettings(user: UserId, presence: boolean): void {
    if (presence) this.#hides.delete(user);
    else this.#hides.add(user);
    this.#pending.push(
      this.#cache
        .change(user, { presence })
        .then((settings) => this.presence.onEvent({ type: 'settings', user, settings, origin: undefined })),
    );
  }

  /** As a sign-in does, whose token may say what is stored already. */
  async rename(user: UserId, name: string | null): Promise<void> {
    const change = { name, picture: undefined };
    await this.#store.profiles.write([{ user, ...change }]);
    // Only users who have signed in, or written, are in the store.
    const [stored] = await this.#store.profiles.load([user]);
    this.#names.set(user, stored?.name);
    if (stored?.name === (name ?? undefined)) this.presence.onEvent({ type: 'profile', user, change });
  }

  release(count: number): void {
    for (let released = 0; released < count && this.#states.releaseOne(); released += 1);
  }

  /** Lets everything come to its end, and compares. */
  async check(): Promise<readonly string[]> {
    await this.#settle();
    for (const client of this.clients) client.read();
    await this.#settle();
    for (const { session, watched, shown } of this.clients) {
      if (session.hasEnded) continue;
      for (const user of watched) {
        const expected = this.#stateSeenBy(session.user, user);
        const actual = shown.get(user) ?? { online: false };
        if (JSON.stringify(actual) !== JSON.stringify(expected)) {
          this.faults.push(`${session.id} sees ${user} ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
        }
      }
    }
    const online = [...this.#known].filter((user) => this.#hasSession(user)).length;
    if (this.presence.onlineUsers !== online) this.faults.push(`${this.presence.onlineUsers} online, not ${online}`);
    return this.faults;
  }

  async #settle(): Promise<void> {
    let isDone = false;
    void Promise.all(this.#pending).then(() => {
      isDone = true;
    });
    while (!isDone) {
      this.release(1_000);
      await settled();
    }
    // What follows from the rows: groups that are loaded, or looked for.
    while (this.#states.releaseOne()) await settled();
  }

  #gone(session: ClientSession): void {
    if (session.phase === 'ended') return;
    session.markEnded();
    this.#active.leave(session);
    this.presence.end(session);
    if (!this.#hasSession(session.user)) this.#lastSeenAt.set(session.user, this.clock.now());
  }

  #hasSession(user: UserId): boolean {
    return this.clients.some(({ session }) => session.user === user && !session.hasEnded);
  }

  #isBlocked(one: UserId, other: UserId): boolean {
    return this.#blocks.has(`${one} ${other}`) || this.#blocks.has(`${other} ${one}`);
  }

  #stateSeenBy(viewer: UserId, user: UserId): PresenceState {
    const isHidden = this.#hides.has(user) || this.#hides.has(viewer) || this.#isBlocked(user, viewer);
    const isTogether = [...this.#groups.values()].some(
      (members) => members.size <= GROUP_MEMBERS && members.has(user) && members.has(viewer),
    );
    const isShown = !isHidden && (isTogether || this.#written.has(`${user} ${viewer}`));
    if (user !== viewer && !isShown) return { online: false };
    const lastSeenAt = this.#lastSeenAt.get(user);
    const isLeaving = lastSeenAt !== undefined && this.clock.now() - lastSeenAt < GRACE_MS;
    const name = this.#names.get(user);
    const shown = name === undefined ? {} : { name };
    if (this.#hasSession(user) || isLeaving) return { online: true, ...shown };
    return lastSeenAt === undefined ? { online: false, ...shown } : { online: false, lastSeenAt, ...shown };
  }
}
