// `settings` over real sockets: what users show to others, and so see of them.

import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: TestServer;
let pairs = 0;
beforeAll(async () => {
  server = await startTestServer({ LONGWIRE_PRESENCE_GRACE_MS: '0' });
});
afterAll(() => server.remove());

/** Two users who have written to each other, with a session each. */
async function newPair(): Promise<{ alice: WireClient; bob: WireClient; names: [string, string] }> {
  pairs += 1;
  const names: [string, string] = [`alice${pairs}`, `bob${pairs}`];
  const alice = await WireClient.signIn(server.url, names[0]);
  const bob = await WireClient.signIn(server.url, names[1]);
  await alice.ask({ type: 'send', to: `user/${names[1]}`, body: 1 });
  await bob.ask({ type: 'send', to: `user/${names[0]}`, body: 2 });
  await alice.count('message', 1);
  return { alice, bob, names };
}

const receiptsAbout = (client: WireClient, user: string) =>
  client.ofType('receipt').filter((receipt) => receipt['user'] === user);

/** Waits until receipts that were moved before have been published: one of another channel comes after them. */
async function receiptsPublished(): Promise<void> {
  const { alice, bob, names } = await newPair();
  await bob.ask({ type: 'read', channel: `user/${names[0]}`, offset: 2 });
  await alice.until(() => receiptsAbout(alice, names[1]).length > 0);
  for (const client of [alice, bob]) await client.end();
}

describe('settings', () => {
  it('answers both, true unless changed, pushes them to the other sessions of the user, and keeps them over a restart', async () => {
    const { alice, bob, names } = await newPair();
    const phone = await WireClient.signIn(server.url, names[0], { device: 'phone' });
    expect(await alice.ask({ type: 'settings' })).toMatchObject({ type: 'settings', presence: true, receipts: true });
    expect(await alice.ask({ type: 'settings', receipts: false })).toMatchObject({ presence: true, receipts: false });
    expect(await alice.ask({ type: 'settings', presence: false })).toMatchObject({ presence: false, receipts: false });
    expect(await phone.count('settings', 2)).toEqual([
      { type: 'settings', presence: true, receipts: false },
      { type: 'settings', presence: false, receipts: false },
    ]);
    await alice.ask({ type: 'ping' });
    expect(alice.received.filter(({ type, re }) => type === 'settings' && re === undefined)).toEqual([]);
    expect(bob.ofType('settings')).toEqual([]);
    server = await server.restart();
    const again = await WireClient.signIn(server.url, names[0]);
    expect(await again.ask({ type: 'settings' })).toMatchObject({ presence: false, receipts: false });
    await again.end();
  });

  it('presence: false hides the user, and the others from the user, at once and until it is true again', async () => {
    const { alice, bob, names } = await newPair();
    expect(await bob.ask({ type: 'watch', users: [names[0]] })).toMatchObject({
      users: { [names[0]]: { online: true } },
    });
    expect(await alice.ask({ type: 'watch', users: [names[1], names[0]] })).toMatchObject({
      users: { [names[1]]: { online: true }, [names[0]]: { online: true } },
    });
    await alice.ask({ type: 'settings', presence: false });
    expect(await bob.count('presence', 1)).toEqual([{ type: 'presence', user: names[0], online: false }]);
    expect(await alice.count('presence', 1)).toEqual([{ type: 'presence', user: names[1], online: false }]);
    expect(await bob.ask({ type: 'presence', users: [names[0]] })).toMatchObject({
      users: { [names[0]]: { online: false } },
    });
    expect((await alice.ask({ type: 'presence', users: [names[1], names[0]] }))['users']).toEqual({
      [names[1]]: { online: false },
      [names[0]]: { online: true },
    });
    await alice.ask({ type: 'settings', presence: true });
    expect((await bob.count('presence', 2))[1]).toEqual({ type: 'presence', user: names[0], online: true });
    expect((await alice.count('presence', 2))[1]).toEqual({ type: 'presence', user: names[1], online: true });
    for (const client of [alice, bob]) await client.end();
  });

  it('receipts: false hides what either user has received and read from the other, but not from their own sessions', async () => {
    const { alice, bob, names } = await newPair();
    await bob.ask({ type: 'settings', receipts: false });
    const phone = await WireClient.signIn(server.url, names[1], { device: 'phone' });
    await bob.ask({ type: 'read', channel: `user/${names[0]}`, offset: 2 });
    await alice.ask({ type: 'read', channel: `user/${names[1]}`, offset: 2 });
    expect((await phone.count('receipt', 1))[0]).toMatchObject({ user: names[1], read: 2 });
    await receiptsPublished();
    expect(receiptsAbout(alice, names[1])).toEqual([]);
    expect(receiptsAbout(bob, names[0])).toEqual([]);
    for (const [client, own] of [
      [alice, 1],
      [bob, 1],
    ] as const) {
      const { channels } = await client.ask({ type: 'channels' });
      expect((channels as object[]).length).toBe(own);
      expect((channels as object[])[0]).not.toHaveProperty('peer');
      expect((channels as object[])[0]).toMatchObject({ read: 2 });
    }
    const late = await WireClient.signIn(server.url, names[0], { device: 'late' });
    expect((late.ofType('connected')[0]!['channels'] as object[])[0]).not.toHaveProperty('peer');
    await bob.ask({ type: 'settings', receipts: true });
    const { channels } = await alice.ask({ type: 'channels' });
    expect((channels as object[])[0]).toMatchObject({ peer: { read: 2 } });
    for (const client of [alice, bob, phone, late]) await client.end();
  });
});
