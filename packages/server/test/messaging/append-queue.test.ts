import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import { beforeEach, describe, expect, it } from 'vitest';
import { InFlightAppends } from '../../src/bus/in-flight-appends.js';
import { LocalBus } from '../../src/bus/local/local-bus.js';
import { OrderGate } from '../../src/bus/order-gate.js';
import { ServerError } from '../../src/errors.js';
import { AppendQueue, REPEAT_FOR_MS } from '../../src/messaging/append-queue.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import type { AppendAttempt, AppendOutcome, AppendRequest } from '../../src/storage/message-log.js';
import type { Store } from '../../src/storage/store.js';
import { message, methodsOf, readFeed } from '../storage/requests.js';

/** What becomes of a try: nothing of it is committed, or it is and the answer is lost, or it is answered, or refused. */
type Fate = 'lost' | 'unanswered' | 'answered' | ServerError;

let store: Store;
let clock: ManualClock;
let gate: OrderGate;
let queue: AppendQueue;
let fates: Fate[];
let tries: AppendAttempt[];
let outcomes: string[];
let failures: unknown[];

beforeEach(async () => {
  store = await openMemoryStore({ maxBytes: 10_000_000 });
  clock = new ManualClock();
  [fates, tries, outcomes, failures] = [[], [], [], []];
  const inFlight = new InFlightAppends();
  gate = new OrderGate(store.log, inFlight, clock, store.lanes, (error) => failures.push(error));
  const append = async (batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<AppendOutcome> => {
    tries.push(attempt);
    const fate = fates.shift() ?? 'answered';
    if (fate instanceof ServerError) throw fate;
    const outcome = fate === 'lost' ? undefined : await store.log.append(batch, attempt);
    return fate === 'answered' ? outcome! : { outcome: 'unknown' };
  };
  const parts = { log: { ...methodsOf(store.log), append }, bus: new LocalBus(gate), gate, inFlight, clock };
  queue = new AppendQueue(parts, 1_000_000, (error) => failures.push(error));
});

async function send(name: string, fields: { readonly key?: string } = {}): Promise<void> {
  queue.add({
    request: message('alice', 'bob', { body: `"${name}"`, ...fields }),
    origin: undefined,
    echo: false,
    onSettled: (outcome) =>
      outcomes.push(`${name} ${outcome.outcome} ${'offset' in outcome ? outcome.offset : ''}`.trim()),
  });
  await settled();
  await settled();
}

const bodies = async () => (await readFeed(store.log)).map(({ entry }) => entry!.body.replaceAll('"', ''));

describe('AppendQueue, when append returns unknown', () => {
  it('gives the batch again as a second try with the stamp of the first, after 50 ms, then after twice as long', async () => {
    fates = ['lost', 'lost', 'answered'];
    await send('a');
    await clock.advance(49);
    expect(tries).toHaveLength(1);
    await clock.advance(1);
    await clock.advance(99);
    expect(tries).toHaveLength(2);
    await clock.advance(1);
    const { stamp } = tries[0]!;
    expect(tries).toEqual([
      { stamp, isSecondTry: false },
      { stamp, isSecondTry: true },
      { stamp, isSecondTry: true },
    ]);
    expect([outcomes, await bodies()]).toEqual([['a stored 1'], ['a']]);
  });

  it('stores nothing twice when only the answer was lost, without a key too', async () => {
    fates = ['unanswered'];
    await send('a');
    expect(outcomes).toEqual([]);
    await clock.advance(50);
    expect([outcomes, await bodies()]).toEqual([['a stored 1'], ['a']]);
  });

  it('gives nothing new until the batch is answered, so that the order of the sends stays', async () => {
    fates = ['lost', 'lost'];
    await send('a');
    await send('b');
    await clock.advance(50);
    await send('c');
    expect(tries).toHaveLength(2);
    await clock.advance(100);
    expect([outcomes, await bodies()]).toEqual([
      ['a stored 1', 'b stored 2', 'c stored 3'],
      ['a', 'b', 'c'],
    ]);
  });

  it('settles a send whose row the gate read meanwhile, and does not give it again', async () => {
    fates = ['unanswered'];
    await send('a');
    gate.reached(0, 1);
    await clock.advance(0);
    expect(outcomes).toEqual(['a stored 1']);
    await clock.advance(REPEAT_FOR_MS);
    expect(tries).toHaveLength(1);
    await send('b');
    expect(outcomes).toEqual(['a stored 1', 'b stored 2']);
  });

  it('settles its sends as unknown after REPEAT_FOR_MS, and goes on with what came since', async () => {
    // After 0, 50, 150, 350, 750 and 1 550 ms, then every second.
    fates = Array.from({ length: 15 }, () => 'lost' as const);
    await send('a');
    await send('b');
    await clock.advance(REPEAT_FOR_MS);
    expect(outcomes).toEqual([]);
    await clock.advance(1_000);
    await settled();
    expect([outcomes, await bodies()]).toEqual([['a unknown', 'b stored 1'], ['b']]);
    await queue.idle();
  });
});

describe('AppendQueue', () => {
  it('settles a repeat after the rows that were committed before it, also when the bus is late with them', async () => {
    await send('first', { key: 'k' });
    // Committed by another process: this one has not applied it yet.
    await store.log.append([message('bob', 'alice', { body: '"foreign"' })], { stamp: 0, isSecondTry: false });
    const applied: string[] = [];
    gate.follow({ onRow: ({ entry }) => applied.push(entry!.body) });
    await send('again', { key: 'k' });
    expect(outcomes).toEqual(['first stored 1']);
    await clock.advance(20);
    expect([applied, outcomes]).toEqual([['"foreign"'], ['first stored 1', 'again repeated 1']]);
  });

  it('settles all sends of a batch as failed when append rejects, and stores the next ones', async () => {
    fates = [new ServerError('storage_full', 'no room')];
    await send('a');
    await send('b');
    expect([outcomes, failures]).toMatchObject([['a failed', 'b stored 1'], [{ code: 'storage_full' }]]);
    await queue.idle();
  });

  it('idle waits for what was reserved: until it is added and settled, or given up', async () => {
    const { content } = message('alice', 'bob', { body: '1' });
    let isIdle = false;
    expect([queue.reserve(content), queue.reserve(content)]).toEqual([true, true]);
    const idle = queue.idle().then(() => {
      isIdle = true;
    });
    queue.release(content);
    await settled();
    expect(isIdle).toBe(false);
    queue.release(content);
    const sent = send('late');
    await Promise.all([idle, sent]);
    expect(outcomes).toEqual(['late stored 1']);
  });
});
