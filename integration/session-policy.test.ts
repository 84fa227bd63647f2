// How many sessions a user has, when a hundred sign in at once: `sessions.perUser` and `sessions.whenFull`.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterEach, describe, expect, it } from 'vitest';

const SIGN_INS = 100;

let server: TestServer;
afterEach(() => server.remove());

async function start(perUser: number, whenFull: string): Promise<void> {
  server = await startTestServer({
    ...raisedRates,
    LONGWIRE_DATA: 'memory:',
    LONGWIRE_SESSIONS_PER_USER: String(perUser),
    LONGWIRE_SESSIONS_WHEN_FULL: whenFull,
    LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '1000',
    LONGWIRE_LIMITS_WAITING_PER_ADDRESS: '1000',
    LONGWIRE_LIMITS_CONNECTIONS_PER_ADDRESS: '1000',
  });
}

/** All connect commands are on their way before the first is answered. */
async function signInAtOnce(deviceOf: (index: number) => string): Promise<WireClient[]> {
  const clients = await Promise.all(Array.from({ length: SIGN_INS }, () => WireClient.open(server.url)));
  for (const [index, client] of clients.entries()) {
    client.say({ id: 0, type: 'connect', token: 'dev:alice', device: deviceOf(index) });
  }
  return clients;
}

/** The sessions that are left once `SIGN_INS - alive` are closed; all of them answer. */
async function survivors(clients: readonly WireClient[], alive: number): Promise<WireClient[]> {
  const closed = () => clients.filter((client) => client.closed !== undefined);
  await clients[0]!.until(() => closed().length >= SIGN_INS - alive);
  const left = clients.filter((client) => client.closed === undefined);
  for (const client of left) expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  expect(closed().length).toBe(SIGN_INS - alive);
  return left;
}

const endOf = ({ received, closed }: WireClient) => [received.at(-1), closed?.code];
const replaced = [expect.objectContaining({ type: 'goodbye', code: 4101, reconnect: false }), 4101];
const refused = [expect.objectContaining({ type: 'goodbye', code: 4102, reconnect: false }), 4102];

describe('of 100 parallel sign-ins of a user, exactly sessions.perUser are left', () => {
  it.each([1, 3])(
    'the newest with whenFull replace-oldest and perUser %i; the others are closed with 4101',
    async (perUser) => {
      await start(perUser, 'replace-oldest');
      const clients = await signInAtOnce((index) => `device-${index % 7}`);
      const left = await survivors(clients, perUser);
      for (const client of clients) if (!left.includes(client)) expect(endOf(client)).toEqual(replaced);
      expect(left).toContain(clients.at(-1));
      for (const client of left) client.cut();
    },
  );

  it('with whenFull refuse-new, the others are refused with quota_exceeded and 4102', async () => {
    await start(3, 'refuse-new');
    const clients = await signInAtOnce((index) => `device-${index}`);
    const left = await survivors(clients, 3);
    for (const client of clients) {
      if (left.includes(client)) continue;
      expect(client.received[0]).toMatchObject({ type: 'error', code: 'quota_exceeded' });
      expect(endOf(client)).toEqual(refused);
    }
    // The same device takes the place of its own session all the same.
    const first = left[0]!;
    const device = `device-${clients.indexOf(first)}`;
    const again = await WireClient.signIn(server.url, 'alice', { device });
    expect(again.ofType('connected').length).toBe(1);
    await first.whenClosed();
    expect(endOf(first)).toEqual(replaced);
    for (const client of [...left, again]) client.cut();
  });

  it('and a session that was replaced takes nothing from the one in its place: messages reach it', async () => {
    await start(1, 'replace-oldest');
    const first = await WireClient.signIn(server.url, 'alice', { device: 'phone' });
    const second = await WireClient.signIn(server.url, 'alice', { device: 'laptop' });
    await first.whenClosed();
    expect(endOf(first)).toEqual(replaced);
    const bob = await WireClient.signIn(server.url, 'bob');
    await bob.ask({ type: 'send', to: 'user/alice', body: 1 });
    expect(await second.count('message', 1)).toMatchObject([{ from: 'bob', offset: 1 }]);
    for (const client of [second, bob]) client.cut();
  });
});
