// Real sessions of the real engine over sockets that take what a test allows them: whoever is connected and reads gets
// everything, whatever the outboxes may hold and however large the messages are.

import { settled, until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delivery, expectEverything, received } from './delivery-under-test.js';

describe('Outbox', () => {
  it('wakes a reader that was refused a 60 KB entry behind one of 20 KB with outboxBytes 70000', async () => {
    const delivery = new Delivery(70_000, 256_000_000);
    const client = await delivery.connect('bob');
    for (const bodyBytes of [20_000, 60_000, 60_000, 10]) delivery.send('alice', 'bob', bodyBytes);
    await delivery.readAll();
    expectEverything(delivery, client);
    await delivery.close();
  });

  it('wakes an answer of a page that was refused behind a queue below drainBytes', async () => {
    const delivery = new Delivery(70_000, 256_000_000);
    const client = await delivery.connect('bob');
    client.session.queueText('{"type":"first"}');
    delivery.ask(client, 100);
    await delivery.readAll();
    expectEverything(delivery, client);
    await delivery.close();
  });

  it('resumes reading commands once a full queue was written', async () => {
    const delivery = new Delivery(1_000, 256_000_000);
    const client = await delivery.connect('bob');
    client.session.queueText('x'.repeat(2_000));
    client.session.updateReading();
    await delivery.readAll();
    client.session.queueText('x'.repeat(2_000));
    client.session.updateReading();
    expect(client.socket.isPaused()).toBe(true);
    await delivery.readAll();
    expect(client.socket.isPaused()).toBe(false);
    await delivery.close();
  });

  it('lets nothing small pass an entry that waits for room, so that it comes in the end', async () => {
    const delivery = new Delivery(1_000, 256_000_000);
    const client = await delivery.connect('bob');
    delivery.send('carol', 'bob', 500);
    delivery.send('alice', 'bob', 900);
    // The client takes half of what it is sent: the queue would never be empty.
    for (let n = 0; n < 50; n += 1) {
      delivery.send('carol', 'bob', 300);
      client.socket.allow(200);
      await settled();
      if (client.texts.some((text) => text.includes('user/alice'))) break;
    }
    expect(received(client).offsets.get('user/alice')).toEqual([1]);
    await delivery.readAll();
    expectEverything(delivery, client);
    await delivery.close();
  });

  it('leaves room for the small while large outboxes hold allOutboxesBytes', async () => {
    const delivery = new Delivery(100_000, 1_000_000);
    for (let n = 0; n < 100; n += 1) await delivery.connect(`slow${n}`);
    for (let n = 0; n < 100; n += 1) for (let m = 0; m < 12; m += 1) delivery.send('alice', `slow${n}`, 9_000);
    await settled();
    delivery.budget.count();
    const bob = await delivery.connect('bob');
    // Several in a turn: only an empty outbox takes anything whatever.
    for (let m = 0; m < 3; m += 1) delivery.send('carol', 'bob', 1_000);
    bob.socket.allow(10_000);
    await until(() => bob.texts.length === 3, 'all messages to bob');
    expectEverything(delivery, bob);
    await delivery.close();
  });

  it.each([
    { bound: 'outboxBytes', outboxBytes: 10_000, allOutboxesBytes: 100_000_000, most: 20 * 10_000 },
    // An empty outbox takes a message whatever the others hold.
    { bound: 'allOutboxesBytes', outboxBytes: 1_000_000, allOutboxesBytes: 100_000, most: 75_000 + 20 * 1_100 },
  ])('holds no more than $bound after many messages in one turn, shared or one by one', async (bounds) => {
    for (const shareFrom of [1, 1_000]) {
      const delivery = new Delivery(bounds.outboxBytes, bounds.allOutboxesBytes, 1_000_000, shareFrom);
      const clients = await Promise.all(Array.from({ length: 20 }, () => delivery.connect('bob')));
      for (let n = 0; n < 100; n += 1) delivery.send('alice', 'bob', 1_000);
      const held = clients.map(({ session }) => session.outbox.bufferedBytes);
      expect(Math.max(...held)).toBeLessThanOrEqual(bounds.outboxBytes);
      expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(bounds.most);
      await delivery.readAll();
      for (const client of clients) expectEverything(delivery, client);
      expect(delivery.budget.givenUp).toBe(0);
      await delivery.close();
    }
  });

  it('closes no session when one message to many sessions exceeds allOutboxesBytes within its turn', async () => {
    const delivery = new Delivery(10_000, 100_000);
    const clients = await Promise.all(Array.from({ length: 20 }, () => delivery.connect('bob')));
    for (let message = 1; message <= 3; message += 1) {
      delivery.send('alice', 'bob', 9_000);
      delivery.budget.count();
      await delivery.readAll();
    }
    for (const client of clients) expectEverything(delivery, client);
    expect(delivery.budget.givenUp).toBe(0);
    await delivery.close();
  });

  it('brings whoever is connected and reads everything, with any budgets, sizes and drains', async () => {
    const step = fc.oneof(
      {
        weight: 10,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          from: fc.nat({ max: 2 }),
          to: fc.nat({ max: 3 }),
          bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 20_000 })),
          count: fc.integer({ min: 1, max: 6 }),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('read' as const),
          client: fc.nat({ max: 4 }),
          bytes: fc.integer({ min: 1, max: 30_000 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('ask' as const),
          client: fc.nat({ max: 4 }),
          bytes: fc.integer({ min: 1, max: 10_000 }),
        }),
      },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('count' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 30_000 }),
        fc.integer({ min: 1_000, max: 200_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom(1, 2, 1_000),
        fc.array(step, { minLength: 20, maxLength: 80 }),
        async (outboxBytes, allOutboxesBytes, allRingsBytes, shareFrom, steps) => {
          const delivery = new Delivery(outboxBytes, allOutboxesBytes, allRingsBytes, shareFrom);
          // Two of them are devices of one user.
          const clients = await Promise.all([0, 1, 2, 3, 3].map((n) => delivery.connect(`reader${n}`)));
          for (const next of steps) {
            if (next.do === 'send') {
              for (let n = 0; n < next.count; n += 1) {
                delivery.send(`writer${next.from}`, `reader${next.to}`, next.bytes);
              }
            } else if (next.do === 'read') clients[next.client]!.socket.allow(next.bytes);
            else if (next.do === 'ask') delivery.ask(clients[next.client]!, next.bytes);
            else if (next.do === 'turn') await settled();
            else delivery.budget.count();
          }
          await delivery.readAll();
          for (const client of clients) {
            if (client.session.endedWith === undefined) expectEverything(delivery, client);
            else expect(client.session.endedWith).toBe(4004);
          }
          expect(clients.filter((client) => client.session.endedWith !== undefined)).toHaveLength(
            delivery.budget.givenUp,
          );
          await delivery.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
