// Members, blocks and messages that race: what is sent, changed, connected and read in any interleaving, over a real store.
// What must be true in the end is read from the log alone.

import type { DeviceId, UserId } from '@longwire/protocol';
import { settled, until } from '@longwire/test-support/until';
import { type Channel, type DirectChannel, directChannel } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import type { LaneRow } from '../../src/channel/lane.js';
import { isGap } from '../../src/channel/log-item.js';
import type { MemberChange } from '../../src/channel/membership.js';
import type { SendOutcome } from '../../src/messaging/send-outcome.js';
import type { AppendRequest } from '../../src/storage/message-log.js';
import type { ModelSession } from '../delivery/model-session.js';
import type { MessagingFixture } from '../messaging/messaging-fixture.js';
import { changeOf, control, entryIn, group, joins, leaves, readFeed, user, versionOf } from '../storage/requests.js';

export const USERS = 4;

interface Sent {
  readonly from: UserId;
  readonly channel: Channel;
  readonly key: string | undefined;
  readonly body: string;
  /** Of an earlier send, which was answered as stored when this one was sent. */
  readonly isRepeat: boolean;
  outcome: SendOutcome | undefined;
}

interface Watcher {
  readonly session: ModelSession<DeviceId>;
  /** Head of the group that was applied when it began to sign in. */
  readonly since: number;
  readonly entries: number[];
  readonly gapped: Set<number>;
  hasLeft: boolean;
}

/** Offsets in which a user was a member, and those that they may read. */
interface Due {
  readonly due: Set<number>;
  readonly visible: Set<number>;
}

export class RightsRace {
  readonly users: readonly UserId[];
  readonly eng: Channel;
  readonly pair: DirectChannel;
  readonly faults: string[] = [];
  readonly floor: MessagingFixture;
  readonly #start: number;
  readonly #sent: Sent[] = [];
  readonly #watchers: Watcher[] = [];
  readonly #pending: Promise<unknown>[] = [];
  #devices = 0;

  private constructor(floor: MessagingFixture, name: string, start: number) {
    this.floor = floor;
    this.#start = start;
    this.users = Array.from({ length: USERS }, (_, index) => user(`u${index}-${name}`));
    this.eng = group(`eng-${name}`);
    this.pair = directChannel(this.users[0]!, this.users[1]!);
  }

  /** @param name  of this run: several may use one store, one after the other */
  static async begin(floor: MessagingFixture, name: string): Promise<RightsRace> {
    const { through } = await floor.store.log.heads([]);
    const race = new RightsRace(floor, name, through.get(0)!);
    await race.floor.append(race.#changing(0, [joins(race.users[0]!, 'owner'), joins(race.users[1]!)]));
    return race;
  }

  send(from: number, to: 'group' | 'pair', hasKey: boolean): void {
    const sender = this.users[to === 'pair' ? from % 2 : from]!;
    const number = this.#sent.length;
    this.#send({
      from: sender,
      channel: to === 'pair' ? this.pair : this.eng,
      key: hasKey ? `k${number}` : undefined,
      body: `${number}`,
      isRepeat: false,
      outcome: undefined,
    });
  }

  /** Sends again what was stored, as a client does whose connection broke. */
  repeat(index: number): void {
    const stored = this.#sent.filter(({ key, outcome, isRepeat }) => key !== undefined && outcome?.ok && !isRepeat);
    const first = stored[index % Math.max(1, stored.length)];
    if (first !== undefined) this.#send({ ...first, isRepeat: true, outcome: undefined });
  }

  /** @param way  by this process through its queue, or into the store as another process does */
  async change(about: number, to: 'join' | 'join-open' | 'leave' | 'admin', way: 'queue' | 'store'): Promise<void> {
    const name = this.users[about]!;
    const changes: Record<typeof to, MemberChange> = {
      join: joins(name),
      'join-open': joins(name, 'member', 'start'),
      leave: leaves(name),
      admin: { type: 'role', user: name, role: 'admin' },
    };
    this.#append(this.#changing(await versionOf(this.floor.store.log, this.eng), [changes[to]]), way);
  }

  async block(by: number, isBlocked: boolean, way: 'queue' | 'store'): Promise<void> {
    const blocks = [{ by: this.users[by % 2]!, isBlocked }];
    this.#append(control(this.pair, await versionOf(this.floor.store.log, this.pair), { blocks }), way);
  }

  /** A session is opened while everything else goes on. */
  connect(of: number, capacity: number): void {
    const name = this.users[of]!;
    const device = `d${this.#devices++}` as DeviceId;
    const since = this.floor.heads.peek(this.eng)?.head ?? 0;
    const connecting = this.floor.enter(name, { device, capacity }).then((session) => {
      this.#watchers.push({ session, since, entries: [], gapped: new Set(), hasLeft: false });
      this.floor.hub.finishOpening(session.reader!);
    });
    this.#pending.push(connecting);
  }

  disconnect(index: number): void {
    const watcher = this.#watchers[index % Math.max(1, this.#watchers.length)];
    if (watcher === undefined || watcher.hasLeft) return;
    this.#drain(watcher, Number.MAX_SAFE_INTEGER);
    watcher.hasLeft = true;
    this.floor.hub.leave(watcher.session.reader!);
  }

  drain(index: number, count: number): void {
    const watcher = this.#watchers[index % Math.max(1, this.#watchers.length)];
    if (watcher !== undefined) this.#drain(watcher, count);
  }

  /** Nothing is in flight any more, and what is due to open sessions has been read. */
  async settle(): Promise<void> {
    const { floor } = this;
    while (this.#pending.length > 0) await this.#pending.shift();
    const { through } = await floor.store.log.heads([]);
    floor.gate.reached(0, through.get(0)!);
    await floor.gate.whenApplied(through);
    let quietRounds = 0;
    await until(() => {
      const taken = this.#watchers.reduce((sum, watcher) => sum + this.#drain(watcher, Number.MAX_SAFE_INTEGER), 0);
      quietRounds = taken === 0 && floor.hub.tailsKept === 0 ? quietRounds + 1 : 0;
      return quietRounds > 2;
    }, 'all readers to be at the tail');
  }

  /** Faults found, beside those that sessions have noted. */
  async check(): Promise<readonly string[]> {
    const rows = await readFeed(this.floor.store.log, this.#start);
    this.#checkPair(rows.filter(({ channel }) => channel.key === this.pair.key));
    const members = this.#checkGroup(rows.filter(({ channel }) => channel.key === this.eng.key));
    this.#checkOutcomes(rows);
    for (const watcher of this.#watchers) this.#checkWatcher(watcher, members.get(watcher.session.user) ?? NOTHING);
    for (const name of this.users) await this.#checkHistory(name, members.get(name)?.visible ?? new Set());
    return [...this.faults, ...this.floor.faults, ...this.floor.failures.map(String)];
  }

  close(): void {
    for (const { session, hasLeft } of this.#watchers) if (!hasLeft) this.floor.hub.leave(session.reader!);
  }

  #send(sent: Sent): void {
    this.#sent.push(sent);
    const { from, channel, key, body } = sent;
    const sending = this.floor.send({ from, channel, key, body }).then((outcome) => {
      sent.outcome = outcome;
    });
    this.#pending.push(sending);
  }

  #changing(rightsVersion: number, members: readonly MemberChange[]): AppendRequest {
    return entryIn(this.eng, undefined, { kind: 'member', rightsVersion, change: changeOf({ members }) });
  }

  #append(request: AppendRequest, way: 'queue' | 'store'): void {
    if (way === 'queue') {
      this.#pending.push(this.floor.append(request));
      return;
    }
    const appending = this.floor.store.log.append([request], { stamp: 0, isSecondTry: false }).then((outcome) => {
      if (outcome.outcome === 'done') this.floor.gate.reached(0, outcome.results[0]!.seq);
    });
    this.#pending.push(appending);
  }

  #drain(watcher: Watcher, count: number): number {
    if (watcher.hasLeft) return 0;
    const texts = watcher.session.take(count);
    for (const text of texts) {
      const push = JSON.parse(text) as { channel: string; offset?: number; from: number; to: number };
      if (push.channel !== addressOf(this.eng, watcher.session.user)) continue;
      if (push.offset !== undefined) watcher.entries.push(push.offset);
      else for (let offset = push.from; offset <= push.to; offset += 1) watcher.gapped.add(offset);
    }
    return texts.length;
  }

  /** No entry of a user while one of the two blocks the other. */
  #checkPair(rows: readonly LaneRow[]): void {
    const blocking = new Set<UserId>();
    for (const { entry, change } of rows) {
      if (entry !== undefined && blocking.size > 0) this.#fault(`${entry.offset} was stored in a blocked pair`);
      for (const { by, isBlocked } of change?.blocks ?? []) {
        if (isBlocked) blocking.add(by);
        else blocking.delete(by);
      }
    }
  }

  /** Every entry of a user lies within their stay. Returns what is due and visible, by user. */
  #checkGroup(rows: readonly LaneRow[]): Map<UserId, Due> {
    const members = new Map<UserId, Due>();
    const present = new Set<UserId>();
    for (const { entry, change } of rows) {
      if (entry === undefined) continue;
      const { offset, from } = entry;
      if (from !== undefined && !present.has(from)) this.#fault(`${from}, who is no member, wrote ${offset}`);
      for (const { user: name, joined, left, visibleFrom } of change?.members ?? []) {
        const own = members.get(name) ?? { due: new Set(), visible: new Set() };
        members.set(name, own);
        if (joined === offset) {
          present.add(name);
          for (let before = visibleFrom; before < offset; before += 1) own.visible.add(before);
        }
        if (left !== undefined) {
          present.delete(name);
          own.due.add(offset);
          own.visible.add(offset);
        }
      }
      for (const name of present) {
        members.get(name)!.due.add(offset);
        members.get(name)!.visible.add(offset);
      }
    }
    return members;
  }

  #checkOutcomes(rows: readonly LaneRow[]): void {
    const stored = new Map(rows.flatMap(({ entry }) => (entry === undefined ? [] : [[entry.body, entry]])));
    for (const { body, channel, from, isRepeat, outcome } of this.#sent) {
      const entry = stored.get(body);
      if (outcome === undefined) this.#fault(`${body} was not answered`);
      else if (outcome.ok) {
        const isThere = entry?.channel.key === channel.key && entry.from === from;
        if (!isThere || entry.offset !== outcome.position.offset)
          this.#fault(`${body} was answered as stored, and is not`);
        if (isRepeat && !outcome.isRepeated) this.#fault(`the repeat of ${body} was stored again`);
      } else if (isRepeat) this.#fault(`the repeat of ${body} was answered with ${outcome.code}`);
      else if (entry !== undefined) this.#fault(`${body} was answered with ${outcome.code}, and is stored`);
    }
  }

  #checkWatcher({ session, since, entries, gapped, hasLeft }: Watcher, { due }: Due): void {
    const foreign = entries.filter((offset) => !due.has(offset));
    if (foreign.length > 0) this.#fault(`${session.user} was delivered ${foreign.join()}, which is not theirs`);
    if (hasLeft) return;
    const start = session.starts.get(addressOf(this.eng, session.user)) ?? since;
    const had = new Set(entries);
    const missing = [...due].filter((offset) => offset > start && !had.has(offset) && !gapped.has(offset));
    if (missing.length > 0) this.#fault(`${session.user} was not delivered ${missing.join()} after ${start}`);
  }

  async #checkHistory(name: UserId, visible: ReadonlySet<number>): Promise<void> {
    const read: number[] = [];
    const history = this.floor.history();
    for (let next = 0; ; ) {
      const request = { user: name, channel: this.eng, before: undefined, after: { offset: next }, limit: 7 };
      const page = await history.page(request);
      if (!page.ok) break;
      for (const item of page.items) read.push(isGap(item) ? -1 : item.offset);
      if (!page.more) break;
      next = read.at(-1)!;
    }
    const expected = [...visible].sort((a, b) => a - b);
    if (read.join() !== expected.join())
      this.#fault(`history of ${name} has ${read.join()}, visible are ${expected.join()}`);
  }

  #fault(message: string): void {
    this.faults.push(message);
  }
}

const NOTHING: Due = { due: new Set(), visible: new Set() };

/** So many turns of the event loop pass. */
export async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await settled();
}
