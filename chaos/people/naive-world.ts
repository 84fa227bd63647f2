// Users, their channels, blocks and wishes, as the rules say they are. Commands change it and return what they are answered.

import { NaiveChannel, type Role } from './naive-channel.js';

export interface Answer {
  readonly type: string;
  /** Of an error. */
  readonly code?: string;
  /** Of `sent`. */
  readonly offset?: number;
}

export interface NaiveGroup {
  readonly log: NaiveChannel;
  readonly roles: Map<string, Role>;
  /** User → whether they are invited or have asked to join, and who did that. */
  readonly pending: Map<string, { readonly state: 'invited' | 'requested'; readonly by: string }>;
  readonly settings: { joining: string; history: string; posting: string };
  isOver: boolean;
}

export const OK: Answer = { type: 'ok' };

export class NaiveWorld {
  readonly users: readonly string[];
  readonly #direct = new Map<string, NaiveChannel>();
  readonly groups = new Map<string, NaiveGroup>();
  /** `blocker blocked`. */
  readonly #blocks = new Set<string>();
  /** Pairs of whom one has blocked the other at some time: they have a channel, perhaps without entries. */
  readonly #everBlocked = new Set<string>();
  /** `user address`. */
  readonly archived = new Set<string>();
  readonly #hiddenAt = new Map<string, number>();

  constructor(users: readonly string[]) {
    this.users = users;
  }

  /** The channel at an address, as a user names it. */
  channel(user: string, address: string): NaiveChannel | undefined {
    const [kind, id] = address.split('/') as [string, string];
    return kind === 'group' ? this.groups.get(id)?.log : this.#direct.get(pairOf(user, id));
  }

  /** Everything that a user has now, or has had. */
  addressesOf(user: string): string[] {
    const peers = this.users.filter((peer) => this.#direct.has(pairOf(user, peer))).map((peer) => `user/${peer}`);
    const groups = [...this.groups]
      .filter(([, { log }]) => log.stayOf(user) !== undefined)
      .map(([id]) => `group/${id}`);
    return [...peers, ...groups];
  }

  /** The address under which another user has the channel. */
  addressFor(user: string, speaker: string, address: string): string {
    return address.startsWith('group/') || user === speaker ? address : `user/${speaker}`;
  }

  /** Whether `channels` has it. */
  isListed(user: string, address: string): boolean {
    const log = this.channel(user, address);
    return log?.isMember(user) === true && (this.#hiddenAt.get(`${user} ${address}`) ?? -1) < log.head;
  }

  blocks(user: string, peer: string): boolean {
    return this.#blocks.has(`${user} ${peer}`);
  }

  crash(): void {
    for (const log of [...this.#direct.values(), ...[...this.groups.values()].map(({ log }) => log)]) log.crash();
  }

  send(user: string, address: string, body: string): Answer {
    const [kind, id] = address.split('/') as [string, string];
    const refusal = kind === 'group' ? this.#refuseInGroup(user, id) : this.#refuseBetween(user, id);
    if (refusal !== undefined) return refusal;
    const log = this.channel(user, address) ?? this.#beginDirect(user, id);
    log.entries.push({ kind: 'message', from: user, body });
    log.readByWriting(user, log.head);
    return { type: 'sent', offset: log.head };
  }

  block(user: string, peer: string, isOn: boolean): Answer {
    if (isOn) {
      this.#blocks.add(`${user} ${peer}`);
      this.#everBlocked.add(pairOf(user, peer));
    } else this.#blocks.delete(`${user} ${peer}`);
    return OK;
  }

  archive(user: string, address: string, isOn: boolean): Answer {
    if (!this.#isOwn(user, address)) return refused('invalid_field');
    if (isOn) this.archived.add(`${user} ${address}`);
    else this.archived.delete(`${user} ${address}`);
    return OK;
  }

  hide(user: string, address: string): Answer {
    if (!this.#isOwn(user, address)) return refused('invalid_field');
    this.#hiddenAt.set(`${user} ${address}`, this.channel(user, address)?.head ?? 0);
    return OK;
  }

  read(user: string, address: string, offset: number): Answer {
    const log = this.channel(user, address);
    const stay = log?.stayOf(user);
    if (address.startsWith('group/') && stay === undefined) return refused('not_a_member');
    if (log === undefined || offset > (stay?.left ?? log.head)) return refused('invalid_field');
    log.read(user, offset);
    return OK;
  }

  create(user: string, id: string, settings: { joining: string; history: string }): Answer {
    if (this.groups.has(id)) return refused('exists');
    const log = new NaiveChannel();
    const group: NaiveGroup = {
      log,
      roles: new Map([[user, 'owner']]),
      pending: new Map(),
      settings: { ...settings, posting: 'members' },
      isOver: false,
    };
    this.groups.set(id, group);
    log.entries.push({ kind: 'group', from: user, body: JSON.stringify(settings) });
    log.join(user, settings.history === 'start' ? 1 : log.head);
    return OK;
  }

  update(user: string, id: string, change: Partial<NaiveGroup['settings']>): Answer {
    const refusal = this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    const group = this.groups.get(id)!;
    const isSame = Object.entries(change).every(([name, value]) => group.settings[name as 'posting'] === value);
    if (isSame) return OK;
    Object.assign(group.settings, change);
    group.log.entries.push({ kind: 'group', from: user, body: JSON.stringify(change) });
    return OK;
  }

  join(user: string, id: string): Answer {
    const group = this.groups.get(id);
    if (group?.log.isMember(user) === true) return OK;
    if (group === undefined || group.isOver) return refused('not_a_member');
    const { joining } = group.settings;
    if (joining === 'open' || group.pending.get(user)?.state === 'invited') {
      this.#enter(group, user, user, 'joined');
      return OK;
    }
    if (joining === 'closed') return refused('not_a_member');
    group.pending.set(user, { state: 'requested', by: user });
    return OK;
  }

  /** Those who have written to the user and do not block them are added, and those who have asked; others are invited. */
  add(user: string, id: string, added: string): Answer {
    const refusal = this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    const group = this.groups.get(id)!;
    if (group.log.isMember(added)) return OK;
    const consents = this.#hasWritten(added, user) && !this.blocks(added, user);
    if (consents || group.pending.get(added)?.state === 'requested') this.#enter(group, user, added, 'added');
    else if (!group.pending.has(added)) group.pending.set(added, { state: 'invited', by: user });
    return OK;
  }

  /** @param accepted  the user themselves: their invitation; another one: that user's request */
  accept(user: string, id: string, accepted: string): Answer {
    const group = this.groups.get(id);
    const pending = group?.isOver === false ? group.pending.get(accepted)?.state : undefined;
    if (accepted !== user) {
      const refusal = this.#refuseAdmin(user, id);
      if (refusal !== undefined) return refusal;
      if (group!.log.isMember(accepted)) return OK;
      if (pending !== 'requested') return refused('invalid_field');
      this.#enter(group!, user, accepted, 'added');
      return OK;
    }
    if (group?.log.isMember(user) === true) return OK;
    if (group === undefined || pending !== 'invited') return refused('not_a_member');
    this.#enter(group, user, user, 'joined');
    return OK;
  }

  decline(user: string, id: string, declined: string): Answer {
    const refusal = declined === user ? undefined : this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    this.groups.get(id)?.pending.delete(declined);
    return OK;
  }

  /** Groups that the user is invited to, without those of users whom they block. */
  invitationsOf(user: string): string[] {
    const isShown = ({ pending, isOver }: NaiveGroup) => {
      const { state, by = '' } = pending.get(user) ?? {};
      return !isOver && state === 'invited' && !this.blocks(user, by);
    };
    return [...this.groups].filter(([, group]) => isShown(group)).map(([id]) => id);
  }

  leave(user: string, id: string): Answer {
    const group = this.groups.get(id);
    const role = this.#roleIn(user, id);
    if (group === undefined || role === undefined) return refused('not_a_member');
    const isLast = group.roles.size === 1;
    if (role === 'owner' && !isLast && ownersOf(group) === 1) return refused('forbidden');
    this.#change(group, user, { change: 'left', users: [user] });
    this.#exit(group, user);
    group.isOver = isLast;
    return OK;
  }

  remove(user: string, id: string, removed: string): Answer {
    const refusal = this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    const group = this.groups.get(id)!;
    if (removed === user) return refused('forbidden');
    const role = group.roles.get(removed);
    if (role === undefined) group.pending.delete(removed);
    if (this.#roleIn(user, id) === 'admin' && role !== undefined && role !== 'member') return refused('forbidden');
    if (role === undefined) return OK;
    this.#change(group, user, { change: 'removed', users: [removed] });
    this.#exit(group, removed);
    return OK;
  }

  setRole(user: string, id: string, of: string, role: Role): Answer {
    const refusal = this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    const group = this.groups.get(id)!;
    if (this.#roleIn(user, id) !== 'owner') return refused('forbidden');
    const present = group.roles.get(of);
    if (present === undefined) return refused('invalid_field');
    if (present === role) return OK;
    if (present === 'owner' && ownersOf(group) === 1) return refused('forbidden');
    group.roles.set(of, role);
    this.#change(group, user, { change: 'role', users: [of], role });
    return OK;
  }

  delete(user: string, id: string): Answer {
    const refusal = this.#refuseAdmin(user, id);
    if (refusal !== undefined) return refusal;
    if (this.#roleIn(user, id) !== 'owner') return refused('forbidden');
    const group = this.groups.get(id)!;
    group.log.entries.push({ kind: 'group', from: user, body: '{"deleted":true}' });
    for (const member of [...group.roles.keys()]) this.#exit(group, member);
    group.isOver = true;
    return OK;
  }

  #hasWritten(user: string, to: string): boolean {
    const log = this.#direct.get(pairOf(user, to));
    return log?.entries.some(({ from }) => from === user) === true;
  }

  #roleIn(user: string, id: string): Role | undefined {
    return this.groups.get(id)?.roles.get(user);
  }

  #refuseAdmin(user: string, id: string): Answer | undefined {
    const role = this.#roleIn(user, id);
    if (role === undefined) return refused('not_a_member');
    return role === 'member' ? refused('forbidden') : undefined;
  }

  #refuseInGroup(user: string, id: string): Answer | undefined {
    const role = this.#roleIn(user, id);
    if (role === undefined) return refused('not_a_member');
    return role === 'member' && this.groups.get(id)!.settings.posting === 'admins' ? refused('forbidden') : undefined;
  }

  #refuseBetween(user: string, peer: string): Answer | undefined {
    return this.blocks(user, peer) || this.blocks(peer, user) ? refused('blocked') : undefined;
  }

  #isOwn(user: string, address: string): boolean {
    const log = this.channel(user, address);
    if (address.startsWith('group/')) return log?.isMember(user) === true;
    const peer = address.slice('user/'.length);
    return log !== undefined || this.#everBlocked.has(pairOf(user, peer));
  }

  #beginDirect(user: string, peer: string): NaiveChannel {
    const log = new NaiveChannel();
    for (const each of new Set([user, peer])) log.begin(each);
    this.#direct.set(pairOf(user, peer), log);
    return log;
  }

  #enter(group: NaiveGroup, actor: string, user: string, change: 'joined' | 'added'): void {
    this.#change(group, actor, { change, users: [user] });
    group.roles.set(user, 'member');
    group.pending.delete(user);
    group.log.join(user, group.settings.history === 'start' ? 1 : group.log.head);
  }

  #exit(group: NaiveGroup, user: string): void {
    group.log.leave(user);
    group.roles.delete(user);
  }

  #change(group: NaiveGroup, actor: string, body: object): void {
    group.log.entries.push({ kind: 'member', from: actor, body: JSON.stringify(body) });
  }
}

function ownersOf(group: NaiveGroup): number {
  return [...group.roles.values()].filter((role) => role === 'owner').length;
}

function refused(code: string): Answer {
  return { type: 'error', code };
}

function pairOf(one: string, other: string): string {
  return [one, other].sort().join(' ');
}
