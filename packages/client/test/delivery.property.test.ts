// The promises of the SDK under random conditions: each entry is delivered once and in order, each send is stored once
// and in order, and nothing is acknowledged before the app has handled it.

import { settled } from '@longwire/test-support/until';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LongwireClient } from '../src/client.js';
import { connectOn } from '../src/connect-on.js';
import type { SendResult } from '../src/sending/pending-sends.js';
import { ModelServer, ModelSession } from './support/model-server.js';
import { TestPlatform, type TestSocket } from './support/test-platform.js';

const channels = ['user/bob', 'user/ann', 'user/cyd'];

type Action =
  | { readonly kind: 'arrive'; readonly channel: string; readonly type: string }
  | { readonly kind: 'otherDevice'; readonly channel: string }
  | { readonly kind: 'send'; readonly channel: string; readonly echo: boolean }
  | { readonly kind: 'serve'; readonly count: number }
  | { readonly kind: 'deliver'; readonly count: number }
  | { readonly kind: 'readOn'; readonly count: number }
  | { readonly kind: 'settle'; readonly count: number }
  | { readonly kind: 'expire'; readonly channel: string; readonly count: number }
  | { readonly kind: 'duplicate'; readonly back: number }
  | { readonly kind: 'lose'; readonly index: number }
  | { readonly kind: 'elapse'; readonly ms: number }
  | { readonly kind: 'cut' };

const channel = fc.constantFrom(...channels);
const count = fc.integer({ min: 1, max: 8 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('arrive'), channel, type: fc.constantFrom('message', 'message', 'poll') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('otherDevice'), channel }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send'), channel, echo: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('serve'), count }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver'), count }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('readOn'), count }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('settle'), count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire'), channel, count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('duplicate'), back: count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('elapse'), ms: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose'), index: count }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut') }) },
) as fc.Arbitrary<Action>;

interface Handed {
  readonly channel: string;
  readonly offset: number;
  isSettled: boolean;
}

class World {
  readonly platform = new TestPlatform();
  readonly server = new ModelServer(channels);
  readonly handed: Handed[] = [];
  readonly gaps: { channel: string; from: number; to: number }[] = [];
  readonly sends: {
    readonly key: string;
    readonly channel: string;
    readonly echo: boolean;
    result: SendResult | undefined;
  }[] = [];
  readonly #running: { readonly handed: Handed; settle(): void }[] = [];
  readonly client: LongwireClient;
  faults = 0;
  readonly #lost: { readonly channel: string; readonly offset: number }[] = [];
  #socket: TestSocket | undefined;
  #session: ModelSession | undefined;
  #delivered: object[] = [];

  readonly #inFlight: number;

  constructor({ maxQueuedEntries, inFlight }: { maxQueuedEntries: number; inFlight: number }) {
    this.#inFlight = inFlight;
    this.client = connectOn(this.platform, {
      url: 'ws://test',
      device: 'phone',
      getToken: () => 'dev:alice',
      maxQueuedEntries,
      ackAfterEntries: 3,
    });
    this.client.on('message', ({ channel, offset }) => {
      for (const { handed } of this.#running) expect(handed.channel, 'two handlers in one channel').not.toBe(channel);
      const handed = { channel, offset, isSettled: false };
      this.handed.push(handed);
      return new Promise<void>((resolve) => this.#running.push({ handed, settle: resolve }));
    });
    this.client.on('gap', ({ channel, from, to }) => void this.gaps.push({ channel, from, to }));
    this.client.on('error', (error) => {
      // Nothing else goes wrong here: `lose` takes entries away, and the first socket may be cut before the sign-in.
      if (error.code === 'position_fault' && this.#lost.length > 0) this.faults += 1;
      else if (error.code !== 'connection_failed') throw error;
    });
  }

  async act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'arrive':
        this.#append(action.channel, { type: action.type, from: action.channel.slice(5) });
        break;
      case 'otherDevice':
        this.#append(action.channel, { from: 'alice', key: `phone-${this.server.log(action.channel).length}` });
        break;
      case 'send':
        this.#send(action.channel, action.echo);
        break;
      case 'serve':
        this.#serve(action.count);
        break;
      case 'deliver':
        this.#deliver(action.count);
        break;
      case 'readOn':
        this.#session?.readOn(action.count);
        break;
      case 'settle':
        this.#settle(action.count);
        break;
      case 'expire': {
        const base = this.server.bases.get(action.channel) ?? 0;
        this.server.bases.set(action.channel, Math.min(this.server.log(action.channel).length, base + action.count));
        break;
      }
      case 'duplicate':
        // As after a reconnect without the cursor of the channel: entries that were delivered come again.
        for (const message of this.#delivered.filter(isEntry).slice(-action.back)) this.#socket?.push(message);
        break;
      case 'lose':
        this.#lose(action.index);
        break;
      case 'elapse':
        await this.platform.clock.advance(action.ms);
        break;
      case 'cut':
        this.#socket?.end();
        break;
    }
    await this.#settleDown();
  }

  /** The weather clears: everything that is on its way arrives. */
  async calm(): Promise<void> {
    // An entry that was lost last of all is missed only when the next one comes, or on the next connection.
    this.#socket?.end();
    // Acks go out within 2 s of the last entry: four rounds.
    let calmRounds = 0;
    for (let round = 0; round < 2000; round += 1) {
      await this.platform.clock.advance(500);
      this.#follow();
      this.#serve(1000);
      this.#session?.readOn(1000);
      this.#deliver(1000);
      this.#settle(1000);
      await this.#settleDown();
      calmRounds = this.#isAtRest() ? calmRounds + 1 : 0;
      if (calmRounds === 6) return;
    }
    throw new Error('It never came to rest');
  }

  #isAtRest(): boolean {
    if (this.client.pendingSends > 0 || this.#running.length > 0 || this.client.state !== 'connected') return false;
    // Where the client only ever sent it knows no position.
    return channels.every(
      (name) => (this.client.position(name)?.offset ?? this.server.log(name).length) === this.server.log(name).length,
    );
  }

  /** A fault of the server: a due entry is not sent, without a gap. Without a position, the client could not notice. */
  #lose(index: number): void {
    const out = this.#session?.out ?? [];
    const lost = out[index];
    if (lost === undefined || !isEntry(lost) || this.client.position((lost as Handed).channel) === undefined) return;
    out.splice(index, 1);
    this.#lost.push(lost as Handed);
  }

  #append(channel: string, fields: { type?: string; from: string; key?: string }): void {
    const entry = this.server.append(channel, { body: 1, ...fields });
    this.#session?.onAppended(entry);
  }

  #send(channel: string, echo: boolean): void {
    const key = `send-${this.sends.length}`;
    const send: World['sends'][number] = { key, channel, echo, result: undefined };
    this.sends.push(send);
    void this.client
      .channel(channel)
      .send({ text: key }, { key, echo })
      .then((result) => {
        expect(send.result, 'settled twice').toBeUndefined();
        send.result = result;
      });
  }

  #serve(count: number): void {
    const session = this.#session;
    if (session === undefined || !this.#socket?.isOpen) return;
    for (let served = 0; served < count; served += 1) {
      const command = this.#waiting.shift();
      if (command === undefined) return;
      if (command.type === 'ack') this.#checkAck(command['cursors'] as Record<string, { offset: number }>);
      session.take(command);
    }
  }

  #waiting: ReturnType<TestSocket['take']> = [];

  #deliver(count: number): void {
    const messages = this.#session?.out.splice(0, count) ?? [];
    this.#delivered.push(...messages);
    // Batches begin after `connected`; half of the deliveries are one.
    const batchFrom = count % 2 === 0 ? messages.findIndex(isConnected) + 1 : messages.length;
    for (const message of messages.slice(0, batchFrom)) this.#socket?.push(message);
    this.#socket?.pushBatch(messages.slice(batchFrom));
  }

  #settle(count: number): void {
    for (const { handed, settle } of this.#running.splice(0, count)) {
      handed.isSettled = true;
      settle();
    }
  }

  /** The client may have opened another socket: the session of the old one is over, with what was on its way. */
  #follow(): void {
    const socket = this.platform.sockets.at(-1);
    if (socket !== this.#socket && socket !== undefined) {
      this.#socket = socket;
      this.#session = new ModelSession(this.server, this.#inFlight);
      this.#waiting = [];
      this.#delivered = [];
      socket.open();
    }
    if (this.#socket?.closedBy !== undefined) this.#socket.end(this.#socket.closedBy.code);
    this.#waiting.push(...(this.#socket?.take() ?? []));
  }

  async #settleDown(): Promise<void> {
    await settled();
    this.#follow();
  }

  #checkAck(cursors: Record<string, { offset: number }>): void {
    for (const [channel, { offset }] of Object.entries(cursors)) {
      const open = this.handed.find((handed) => handed.channel === channel && !handed.isSettled);
      if (open !== undefined) expect(offset, 'acknowledged before its handler settled').toBeLessThan(open.offset);
      for (const entry of this.server.log(channel).slice(0, offset)) {
        const isForApp =
          entry.type === 'message' && entry.from !== 'alice' && !this.#isGone(entry.channel, entry.offset);
        if (isForApp)
          expect(this.#wasHanded(channel, entry.offset), `${channel} ${entry.offset} acked unseen`).toBe(true);
      }
    }
  }

  #wasHanded(channel: string, offset: number): boolean {
    return this.handed.some((handed) => handed.channel === channel && handed.offset === offset);
  }

  #isGone(channel: string, offset: number): boolean {
    const gaps = this.gaps.filter((gap) => gap.channel === channel);
    if (gaps.some(({ from, to }) => from <= offset && offset <= to)) return true;
    // A gap is obeyed wherever it begins: what the server lost directly before one is not noticed.
    const wasLost = this.#lost.some((lost) => lost.channel === channel && lost.offset === offset);
    return wasLost && gaps.some(({ from }) => from > offset);
  }

  check(): void {
    for (const channel of channels) {
      const offsets = this.handed.filter((handed) => handed.channel === channel).map(({ offset }) => offset);
      expect(offsets, 'in order and once').toEqual([...new Set(offsets)].sort((a, b) => a - b));
      for (const entry of this.server.log(channel)) {
        if (entry.type !== 'message') expect(offsets).not.toContain(entry.offset);
        else if (entry.from !== 'alice' && !this.#isGone(channel, entry.offset))
          expect(offsets).toContain(entry.offset);
        else if (entry.key?.startsWith('phone') && !this.#isGone(channel, entry.offset))
          expect(offsets).toContain(entry.offset);
        else if (this.#asksForEcho(entry.key) && !this.#isGone(channel, entry.offset))
          expect(offsets, `${entry.key} with echo`).toContain(entry.offset);
        else if (entry.key?.startsWith('send') && !this.#asksForEcho(entry.key))
          expect(offsets, `${entry.key} without echo`).not.toContain(entry.offset);
      }
      const mine = this.server.log(channel).filter((entry) => entry.key?.startsWith('send'));
      expect(mine.map(({ key }) => key)).toEqual(
        this.sends.filter((send) => send.channel === channel).map(({ key }) => key),
      );
      expect(this.server.acked.get(channel) ?? 0).toBe(
        this.server.log(channel).length === 0 ? 0 : this.#lastMoved(channel),
      );
    }
    for (const { key, channel, result } of this.sends) {
      const stored = this.server.log(channel).find((entry) => entry.key === key);
      expect(result).toMatchObject({ channel, epoch: stored?.epoch, offset: stored?.offset });
    }
  }

  #asksForEcho(key: string | undefined): boolean {
    return this.sends.some((send) => send.key === key && send.echo);
  }

  #lastMoved(channel: string): number {
    return this.client.position(channel)?.offset ?? 0;
  }
}

function isConnected(message: object): boolean {
  return (message as { type: string }).type === 'connected';
}

function isEntry(message: object): boolean {
  return 'offset' in message && !('re' in message);
}

it('delivers each entry once and in order, own ones if echo asks for them, and stores each send once, whatever the network does', async () => {
  let faults = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 200, maxLength: 260 }),
      fc.record({ maxQueuedEntries: fc.constantFrom(4, 20, 10_000), inFlight: fc.constantFrom(1, 14, 64) }),
      async (actions, bounds) => {
        const world = new World(bounds);
        await world.act({ kind: 'elapse', ms: 1 });
        for (const each of actions) await world.act(each);
        await world.calm();
        world.check();
        faults += world.faults;
        expect(world.platform.uncaught).toEqual([]);
        const ended = world.client.close();
        world.platform.sockets.at(-1)?.end(1000);
        await ended;
        expect(world.platform.clock.timers).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
  // Else the sequences would prove nothing of faults.
  expect(faults).toBeGreaterThan(0);
}, 300_000);
