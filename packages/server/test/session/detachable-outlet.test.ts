// Sessions that live on without a connection: what was queued, and everything after it, comes once over the next one.

import type { DeviceId, UserId } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../src/delivery/codec.js';
import type { EncodedPush } from '../../src/delivery/encoded-push.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { ClientSession } from '../../src/session/client-session.js';
import { DetachableOutlet } from '../../src/session/detachable-outlet.js';
import type { Outlet } from '../../src/session/outlet.js';
import { binaryCodec, objectsIn } from '../delivery/binary-codec.js';
import { Delivery, expectEntries } from './delivery-under-test.js';

/** A connection of a client that takes what the test says. What it did not take when it is cut goes back. */
class PolledConnection implements Outlet {
  readonly codec: Codec;
  readonly texts: string[];
  readonly signals: string[] = [];
  #waiting: (EncodedPush | (() => void))[] = [];

  /** @param texts  where what the client takes is added */
  constructor(codec: Codec, texts: string[]) {
    this.codec = codec;
    this.texts = texts;
  }

  get bufferedBytes(): number {
    return this.#pushes().reduce((sum, push) => sum + push.estimatedBytes, 0);
  }

  /** The client takes up to `count` pushes. */
  take(count: number): void {
    for (let taken = 0; this.#waiting.length > 0; ) {
      const next = this.#waiting[0]!;
      if (typeof next !== 'function' && taken === count) return;
      this.#waiting.shift();
      if (typeof next === 'function') next();
      else {
        taken += 1;
        this.texts.push(...objectsIn(next.payload, this.codec));
      }
    }
  }

  cut(): readonly EncodedPush[] {
    return this.#pushes();
  }

  send(push: EncodedPush): void {
    this.#waiting.push(push);
  }
  follow(): boolean {
    return false;
  }
  unfollow(): void {}
  whenWritten(callback: () => void): void {
    this.#waiting.push(callback);
  }
  pauseReading(): void {
    this.signals.push('pause');
  }
  resumeReading(): void {
    this.signals.push('resume');
  }
  close(code: number): void {
    this.signals.push(`close ${code}`);
  }
  discard(code: number): void {
    this.#waiting = [];
    this.signals.push(`discard ${code}`);
  }
  terminate(): void {
    this.signals.push('terminate');
  }

  #pushes(): EncodedPush[] {
    return this.#waiting.filter((item) => typeof item !== 'function');
  }
}

class PollingClient {
  readonly user = 'bob' as UserId;
  readonly texts: string[] = [];
  readonly outlet: DetachableOutlet;
  readonly session: ClientSession;
  connection: PolledConnection | undefined;
  terminations = 0;
  readonly #codec: Codec;

  constructor(delivery: Delivery, outboxBytes: number, codec: Codec = jsonCodec, takesBatches = false) {
    this.#codec = codec;
    this.outlet = new DetachableOutlet(codec, () => {
      this.terminations += 1;
    });
    this.session = new ClientSession('s1', this.outlet, { outboxBytes, inFlight: 64 }, delivery.budget);
    this.session.identity = { user: this.user, device: 'd' as DeviceId };
    this.session.phase = 'ready';
    this.session.takesBatches = takesBatches;
    delivery.enter(this.session);
  }

  attach(): PolledConnection {
    this.connection = new PolledConnection(this.#codec, this.texts);
    this.outlet.attach(this.connection);
    return this.connection;
  }

  detach(): void {
    if (this.connection !== undefined) this.outlet.detach(this.connection.cut());
    this.connection = undefined;
  }
}

describe('DetachableOutlet', () => {
  it('queues while detached, within outboxBytes, and the session reads the rest from the log once attached', async () => {
    const delivery = new Delivery(10_000, 1_000_000);
    const client = new PollingClient(delivery, 10_000);
    for (let n = 0; n < 100; n += 1) delivery.send('alice', 'bob', 300);
    await settled();
    expect(client.session.outbox.bufferedBytes).toBeGreaterThan(0);
    expect(client.session.outbox.bufferedBytes).toBeLessThanOrEqual(10_000 + 1_000);
    client.attach();
    for (let n = 0; n < 200; n += 1) {
      client.connection?.take(1);
      await settled();
    }
    expectEntries(delivery, client);
    await delivery.close();
  });

  it('bounds the number of empty messages it queues too', async () => {
    const delivery = new Delivery(1_000_000, 100_000_000);
    const client = new PollingClient(delivery, 1_000_000);
    for (let n = 0; n < 10_000; n += 1) delivery.send('alice', 'bob', 1);
    await settled();
    client.attach();
    expect(client.connection!.cut().length).toBeLessThan(1_000_000 / 256);
    await delivery.close();
  });

  it.each([
    ['close, behind what is queued', 'end', ['close 4000'], 3],
    ['discard, in place of it', 'discard', ['discard 4004'], 0],
  ] as const)('passes %s, to the next connection', async (_title, end, signals, pushes) => {
    const delivery = new Delivery(10_000, 1_000_000);
    const client = new PollingClient(delivery, 10_000);
    delivery.send('alice', 'bob', 1);
    delivery.send('alice', 'bob', 1);
    if (end === 'end') client.session.end(4000, 'drain');
    else client.outlet.discard(4004, 'slow');
    delivery.send('alice', 'bob', 1);
    const connection = client.attach();
    expect(connection.signals).toEqual(signals);
    expect(connection.cut().length).toBe(pushes);
    await delivery.close();
  });

  it('pauses reading of the next connection if it was paused while detached', async () => {
    const delivery = new Delivery(1_000, 1_000_000);
    const client = new PollingClient(delivery, 1_000);
    client.session.queueText('x'.repeat(2_000));
    client.session.updateReading();
    const connection = client.attach();
    expect(connection.signals).toEqual(['pause']);
    connection.take(1);
    expect(connection.signals).toEqual(['pause', 'resume']);
    await delivery.close();
  });

  it('terminate ends the session once, and refuses connections after it', async () => {
    const delivery = new Delivery(1_000, 1_000_000);
    const client = new PollingClient(delivery, 1_000);
    client.outlet.terminate();
    client.outlet.terminate();
    expect(client.terminations).toBe(1);
    expect(client.attach().signals).toEqual(['terminate']);
    expect(client.outlet.isAttached).toBe(false);
    await delivery.close();
  });

  it('brings every entry once and in order, however connections come and go', async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 3_000 }) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('attach', 'detach', 'turn') }) },
    );
    const kinds = fc.record({ codec: fc.constantFrom(jsonCodec, binaryCodec), takesBatches: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 500, max: 20_000 }),
        kinds,
        fc.array(step, { minLength: 10, maxLength: 80 }),
        async (outboxBytes, { codec, takesBatches }, steps) => {
          const delivery = new Delivery(outboxBytes, 1_000_000);
          const client = new PollingClient(delivery, outboxBytes, codec, takesBatches);
          for (const next of steps) {
            if (next.do === 'send') delivery.send('alice', 'bob', (next as { bytes: number }).bytes);
            else if (next.do === 'take') client.connection?.take((next as { count: number }).count);
            else if (next.do === 'detach') client.detach();
            else if (next.do === 'turn') await settled();
            else if (client.connection === undefined) client.attach();
          }
          if (client.connection === undefined) client.attach();
          for (let seen = -1; seen !== client.texts.length; ) {
            seen = client.texts.length;
            client.connection?.take(1_000);
            await settled();
            client.connection?.take(1_000);
          }
          expectEntries(delivery, client);
          await delivery.close();
        },
      ),
      { numRuns: 200 },
    );
  });
});
