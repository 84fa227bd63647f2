// Two processes over one store, and a bus between them that loses, repeats, reorders and delays what it carries, that of its
// own process too. The connection to the store breaks, so that appends end `unknown`; answers and reads of the log come late.

import type { DeviceId, Epoch, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import type { Bus } from '../../src/bus/bus.js';
import { InFlightAppends } from '../../src/bus/in-flight-appends.js';
import { HOLE_WAIT_MS, OrderGate } from '../../src/bus/order-gate.js';
import { type Channel, type ChannelKey, directChannel, namedReaders } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import type { Lane, LanePage, LaneRow } from '../../src/channel/lane.js';
import { Hub, SHARE_FROM } from '../../src/delivery/hub.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { startPosition } from '../../src/delivery/start-position.js';
import { AppendQueue, REPEAT_FOR_MS, type SettledAppend } from '../../src/messaging/append-queue.js';
import { channelSlices } from '../../src/messaging/channel-slices.js';
import { CommittedHeads } from '../../src/messaging/committed-heads.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import type { AppendAttempt, AppendOutcome, AppendRequest, MessageLog } from '../../src/storage/message-log.js';
import type { Store } from '../../src/storage/store.js';
import { hubAudience } from '../delivery/hub-audience.js';
import { ModelSession } from '../delivery/model-session.js';
import { contentOf, readFeed, readLog } from '../storage/requests.js';

const LANE: Lane = 0;
const [alice, bob, carol] = ['alice', 'bob', 'carol'] as [UserId, UserId, UserId];
export const users = [alice, bob, carol];
export const channels = [directChannel(alice, bob), directChannel(bob, carol), directChannel(alice, carol)];
const phone = 'phone' as DeviceId;
/** Rounds in which everything must have settled. */
const MAX_ROUNDS = 300;

interface GivenBatch {
  readonly batch: readonly AppendRequest[];
  readonly attempt: AppendAttempt;
  readonly answer: (outcome: AppendOutcome) => void;
  /** What the store did, once it has. */
  outcome: AppendOutcome | undefined;
}

/** The way to the store: what is given is committed later, in order, answered later still, or lost on either way. */
class UnsureLog {
  readonly #log: MessageLog;
  readonly #given: GivenBatch[] = [];

  constructor(log: MessageLog) {
    this.#log = log;
  }

  get isIdle(): boolean {
    return this.#given.length === 0;
  }

  append(batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<AppendOutcome> {
    return new Promise((answer) => this.#given.push({ batch, attempt, answer, outcome: undefined }));
  }

  async commit(): Promise<void> {
    const next = this.#given.find(({ outcome }) => outcome === undefined);
    if (next !== undefined) next.outcome = await this.#log.append(next.batch, next.attempt);
  }

  answer(): void {
    if (this.#given[0]?.outcome === undefined) return;
    const { answer, outcome } = this.#given.shift()!;
    answer(outcome!);
  }

  /** The connection is lost: nothing that was given is answered, whether it was committed or not. */
  break(): void {
    for (const { answer } of this.#given.splice(0)) answer({ outcome: 'unknown' });
  }
}

interface PendingRead {
  readonly answer: (page: Promise<LanePage>) => void;
  readonly read: () => Promise<LanePage>;
}

/** One process: its gate and its hub. */
export class Node {
  readonly gate: OrderGate;
  readonly hub: Hub;
  readonly heads: CommittedHeads;
  readonly inFlight = new InFlightAppends();
  /** On the way to this process. */
  readonly wire: (readonly LaneRow[])[] = [];
  /** Reads of the log that wait for their answer. */
  readonly reads: PendingRead[] = [];
  readonly sessions: ModelSession<undefined>[] = [];
  /** What was applied. */
  readonly applied: { readonly channel: ChannelKey; readonly offset: number }[] = [];
  readonly turns = new StoreTurns(1_000, new RefusalCounter());
  readonly #store: Store;
  readonly #faults: string[];

  constructor(store: Store, clock: ManualClock, faults: string[]) {
    this.#store = store;
    this.#faults = faults;
    const feed = (lane: Lane, after: number): Promise<LanePage> => {
      // Short pages, so that what is missing takes several of them.
      const read = () => store.log.feed(lane, after, 3);
      return new Promise((answer) => this.reads.push({ answer, read }));
    };
    this.gate = new OrderGate({ feed }, this.inFlight, clock, store.lanes, () => undefined);
    this.heads = new CommittedHeads(store.log, this.gate, this.turns);
    this.hub = new Hub(
      {
        pages: store.log,
        onPageError: (error) => faults.push(String(error)),
        receiptsOf: () => Promise.resolve([]),
        readOf: () => 0,
        hidesReceipts: () => false,
        onRingEmptied: () => undefined,
        ...hubAudience(),
        room: { freeBytes: Number.MAX_SAFE_INTEGER, noteShared: () => {} },
      },
      { allRingsBytes: 2_000, shareFrom: SHARE_FROM, receiptMembers: 32 },
    );
    this.gate.follow(this.heads);
    this.gate.follow(this.hub);
    this.gate.follow({
      onRow: ({ channel, entry }) => this.applied.push({ channel: channel.key, offset: entry!.offset }),
    });
  }

  appliedIn({ key }: Channel): number[] {
    return this.applied.filter(({ channel }) => channel === key).map(({ offset }) => offset);
  }

  /** As a sign-in does it: enter the hub, compare slice by slice with what is stored, join. */
  async open(user: UserId, capacity: number): Promise<void> {
    const session = new ModelSession(
      user,
      undefined,
      capacity,
      { codec: jsonCodec, takesBatches: false },
      this.#faults,
    );
    this.sessions.push(session);
    session.reader = this.hub.enter(session);
    const source = { directory: this.#store.directory, turns: this.turns, gate: this.gate };
    for await (const slice of channelSlices(source, user, phone)) {
      for (const { channel, head } of slice) {
        const applied = this.appliedIn(channel).length;
        if (applied < head) this.#faults.push(`${channel.key} was compared at ${head}, applied are ${applied}`);
      }
      this.hub.compare(session.reader, slice, (status) =>
        startPosition(status, { given: undefined, device: 'known', newDeviceBacklog: 1_000 }),
      );
    }
    this.hub.finishOpening(session.reader);
  }

  /** Asks for a head, as an acknowledgement does: none may be above what was applied. */
  async askHead(channel: Channel): Promise<void> {
    const { head } = await this.heads.of(namedReaders(channel)[0]!, channel);
    const applied = this.appliedIn(channel).length;
    if (head > applied) this.#faults.push(`the head of ${channel.key} is ${head}, applied are ${applied}`);
  }

  /** @param isFailing the log cannot be read */
  answerRead(isFailing: boolean): void {
    const next = this.reads.shift();
    next?.answer(isFailing ? Promise.reject(new Error('the log cannot be read')) : next.read());
  }
}

export interface Sent {
  readonly channel: Channel;
  readonly body: string;
  readonly key: string | undefined;
  settled: SettledAppend | undefined;
}

export class LossyCluster {
  readonly faults: string[] = [];
  readonly sent: Sent[] = [];
  readonly nodes: readonly [Node, Node];
  readonly clock = new ManualClock();
  readonly log: UnsureLog;
  readonly queue: AppendQueue;
  readonly #store: Store;
  /** What each session was shown, by address. */
  readonly #shown = new Map<ModelSession<undefined>, Map<string, Set<number>>>();

  private constructor(store: Store) {
    this.#store = store;
    this.nodes = [new Node(store, this.clock, this.faults), new Node(store, this.clock, this.faults)];
    this.log = new UnsureLog(store.log);
    const bus: Bus = {
      commit: (_lane, rows) => {
        for (const { wire } of this.nodes) wire.push(rows);
      },
      signal: () => {},
      subscribe: () => {},
    };
    const { gate, inFlight } = this.nodes[0];
    const parts = { log: this.log, bus, gate, inFlight, clock: this.clock };
    this.queue = new AppendQueue(parts, 100_000_000, (error) => this.faults.push(String(error)));
  }

  static async open(): Promise<LossyCluster> {
    return new LossyCluster(await openMemoryStore({ maxBytes: 100_000_000 }));
  }

  /** Sent from a session of the first process, or from none. */
  send(channel: Channel, { key, session }: { key: string | undefined; session: number }): void {
    const sessions = this.nodes[0].sessions.filter(({ user }) => namedReaders(channel).includes(user));
    const chosen = sessions[session];
    const origin = chosen?.reader?.phase === 'open' ? chosen : undefined;
    const from = origin?.user ?? namedReaders(channel)[0]!;
    const sent: Sent = { channel, body: `${this.sent.length}`, key, settled: undefined };
    this.sent.push(sent);
    this.queue.add({
      request: {
        channel,
        content: { ...contentOf(from, sent.body), key },
        at: this.clock.now(),
        since: undefined,
        guard: { rightsVersion: 0, isRefused: false },
        change: undefined,
        mustExist: [],
      },
      origin,
      echo: false,
      onSettled: (settledAs) => this.#onSettled(sent, origin, settledAs),
    });
  }

  /** What the bus does with something that is on its way to a process. */
  carry(node: Node, index: number, fate: 'deliver' | 'repeat' | 'lose'): void {
    const at = index % Math.max(1, node.wire.length);
    const rows = node.wire[at];
    if (rows === undefined) return;
    if (fate !== 'repeat') node.wire.splice(at, 1);
    if (fate !== 'lose') node.gate.offer(LANE, rows);
  }

  /** Says to a process how far the lane is committed, as `Bus.reached` will do. */
  async beat(node: Node): Promise<void> {
    const { through } = await this.#store.log.heads([]);
    node.gate.reached(LANE, through.get(LANE)!);
  }

  /** The client reads up to `count` texts, and checks that nothing was left out before any of them. */
  drain(session: ModelSession<undefined>, count: number): void {
    const shown = this.#shown.get(session) ?? new Map<string, Set<number>>();
    this.#shown.set(session, shown);
    for (const text of session.take(count)) {
      const { type, channel, offset } = JSON.parse(text) as { type: string; channel: string; offset: number };
      const offsets = shown.get(channel) ?? new Set();
      shown.set(channel, offsets);
      if (type === 'message') {
        for (let below = 1; below < offset; below += 1) {
          if (!offsets.has(below)) this.faults.push(`${session.user} was shown ${channel} ${offset} before ${below}`);
        }
      } else if (Math.max(0, ...offsets) > offset) {
        this.faults.push(`\`sent\` of ${channel} ${offset} came after what is above it`);
      }
      offsets.add(offset);
    }
  }

  /** The bus loses what it has; everything else goes on until nothing moves any more. */
  async settle(): Promise<void> {
    for (const node of this.nodes) for (const user of users) void node.open(user, 4);
    let isIdle = false;
    void this.queue.idle().then(() => {
      isIdle = true;
    });
    let isMoving = true;
    for (let round = 0; isMoving; round += 1) {
      if (round === MAX_ROUNDS) throw new Error(`still moving after ${round} rounds: ${JSON.stringify(this.faults)}`);
      await settled();
      for (const node of this.nodes) {
        node.wire.length = 0;
        await this.beat(node);
        while (node.reads.length > 0) {
          node.answerRead(false);
          await settled();
        }
      }
      await this.log.commit();
      this.log.answer();
      await this.clock.advance(HOLE_WAIT_MS);
      for (const { sessions } of this.nodes) for (const session of sessions) this.drain(session, 100);
      isMoving = !isIdle || !this.log.isIdle || !(await this.#isQuiet());
    }
  }

  /** What must be true once everything has settled. */
  async check(): Promise<void> {
    const rows = await readFeed(this.#store.log);
    for (const [index, { applied }] of this.nodes.entries()) {
      const expected = rows.map(({ entry }) => `${entry!.channel.key} ${entry!.offset}`);
      this.#expectSame(
        `rows applied by process ${index}`,
        applied.map(({ channel, offset }) => `${channel} ${offset}`),
        expected,
      );
    }
    for (const channel of channels) await this.#checkChannel(channel);
    for (const { body, settled: settledAs } of this.sent) {
      if (settledAs === undefined) this.faults.push(`the send of ${body} never settled`);
    }
  }

  async #checkChannel(channel: Channel): Promise<void> {
    const log = await readLog(this.#store.log, channel);
    const epochs = new Set(log.map(({ epoch }): Epoch => epoch));
    const offsets = log.map(({ offset }) => offset);
    for (const { sessions, heads } of this.nodes) {
      const head = await heads.of(namedReaders(channel)[0]!, channel);
      if (head.head !== log.length || (log.length > 0 && !epochs.has(head.epoch!))) {
        this.faults.push(`the head of ${channel.key} is ${head.head} of ${log.length}`);
      }
      for (const session of sessions.filter(({ user }) => namedReaders(channel).includes(user))) {
        const shown = [...(this.#shown.get(session)?.get(addressOf(channel, session.user)) ?? [])];
        this.#expectSame(
          `what ${session.user} was shown of ${channel.key}`,
          shown.sort((a, b) => a - b),
          offsets,
        );
      }
    }
    const numbers = log.map(({ body }) => Number(body));
    this.#expectSame(
      `sends of ${channel.key} by offset`,
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    for (const { body, key, settled: settledAs } of this.sent.filter((sent) => sent.channel === channel)) {
      const stored = log.filter((entry) => entry.body === body);
      if (stored.length > 1) this.faults.push(`${body} was stored ${stored.length} times`);
      if (settledAs?.outcome === 'stored' && stored[0]?.offset !== settledAs.offset) {
        this.faults.push(`${body} was settled at ${settledAs.offset}, and is stored at ${stored[0]?.offset}`);
      }
      if (settledAs?.outcome === 'repeated' && log[settledAs.offset - 1]?.key !== key) {
        this.faults.push(`${body} was settled as a repeat of ${settledAs.offset}, which has another key`);
      }
    }
  }

  #onSettled(sent: Sent, origin: ModelSession<undefined> | undefined, settledAs: SettledAppend): void {
    const { body, channel } = sent;
    if (sent.settled !== undefined) this.faults.push(`${body} was settled twice`);
    sent.settled = settledAs;
    if (settledAs.outcome === 'unknown') {
      if (this.clock.monotonicMs() < REPEAT_FOR_MS) this.faults.push(`${body} was given up early`);
      return;
    }
    if (settledAs.outcome !== 'stored' && settledAs.outcome !== 'repeated') {
      this.faults.push(`${body} was settled as ${settledAs.outcome}`);
      return;
    }
    const { applied } = this.nodes[0];
    if (settledAs.outcome === 'repeated') {
      const isApplied = this.nodes[0].appliedIn(channel).includes(settledAs.offset);
      if (!isApplied) this.faults.push(`${body} is a repeat of ${settledAs.offset}, which was not applied yet`);
      return;
    }
    const last = applied.at(-1);
    if (last?.channel !== channel.key || last.offset !== settledAs.offset) {
      this.faults.push(`${channel.key} ${settledAs.offset} was settled after ${last?.channel} ${last?.offset}`);
    }
    if (origin?.reader?.phase !== 'open') return;
    origin.queue(JSON.stringify({ type: 'sent', channel: addressOf(channel, origin.user), offset: settledAs.offset }));
  }

  async #isQuiet(): Promise<boolean> {
    const { through } = await this.#store.log.heads([]);
    return this.nodes.every(
      ({ gate, sessions, inFlight }) =>
        inFlight.isEmpty &&
        gate.applied(LANE) === through.get(LANE) &&
        sessions.every(({ reader, outbox }) => reader?.isAtEveryTail === true && outbox.length === 0),
    );
  }

  #expectSame(what: string, actual: readonly (string | number)[], expected: readonly (string | number)[]): void {
    if (actual.join() !== expected.join()) this.faults.push(`${what}: ${actual.join()}; stored: ${expected.join()}`);
  }
}
