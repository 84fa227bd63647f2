// Users whom an operator blocks on a running server.

import { OperatorClient } from '@longwire/server';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { signedToken } from '@longwire/test-support/signed-token';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Of 60 kB: together more than the buffers of the system take. */
const MESSAGES = 300;

let server: TestServer;
let operator: OperatorClient;

beforeAll(async () => {
  server = await startTestServer(raisedRates);
  operator = new OperatorClient(server.folder);
});
afterAll(() => server.remove());

/** The close code of a sign-in, and the answer to `connect`. */
async function refusedSignIn(user: string): Promise<[code: string, closedWith: number | undefined]> {
  const client = await WireClient.open(server.url);
  const { code } = await client.ask({ type: 'connect', token: `dev:${user}` });
  await client.until(() => client.closed);
  return [String(code), client.closed?.code];
}

describe('a blocked user', () => {
  it('has its sessions ended with goodbye and 4103, and is refused with forbidden and 4103; others notice nothing (row 77)', async () => {
    const sessions = [await WireClient.signIn(server.url, 'mallory'), await WireClient.signIn(server.url, 'mallory')];
    const bob = await WireClient.signIn(server.url, 'bob');
    expect(await operator.blockUser('mallory')).toMatchObject({ user: 'mallory', endedSessions: 2 });
    for (const session of sessions) {
      await session.until(() => session.closed);
      expect(session.closed).toMatchObject({ code: 4103 });
      expect(session.received.at(-1)).toMatchObject({ type: 'goodbye', code: 4103, reconnect: false });
    }
    expect(await refusedSignIn('mallory')).toEqual(['forbidden', 4103]);
    expect((await bob.ask({ type: 'send', to: 'user/mallory', body: 'still here' })).type).toBe('sent');
    await bob.end();
    await operator.unblockUser('mallory');
    const again = await WireClient.signIn(server.url, 'mallory');
    expect(again.ofType('connected')[0]).toMatchObject({ channels: [{ unread: 1 }] });
    await again.end();
  });

  it('is closed with 4103 before connect if the handshake has its token (row 77)', async () => {
    const secret = '0123456789abcdef0123456789abcdef';
    const other = await startTestServer({ LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret });
    await new OperatorClient(other.folder).blockUser('eve');
    const token = signedToken(secret, { sub: 'eve', exp: Math.floor(Date.now() / 1_000) + 600 });
    const client = await WireClient.open(other.url, { headers: { Authorization: `Bearer ${token}` } });
    await client.until(() => client.closed);
    expect(client.closed?.code).toBe(4103);
    await other.remove();
  });

  it('is ended within a second if it signs in while it is being blocked, however the two meet (row 77)', async () => {
    const clients = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const client = await WireClient.open(server.url);
        client.say({ id: 1, type: 'connect', token: 'dev:frank', device: `d${n}` });
        return client;
      }),
    );
    await operator.blockUser('frank');
    for (const client of clients) {
      await client.until(() => client.closed);
      expect(client.closed?.code).toBe(4103);
    }
  });

  it('that reads nothing gets nothing of what was unsent, and is cut after a second (row 77)', async () => {
    const stuck = await WireClient.signIn(server.url, 'stuck');
    stuck.socket.pause();
    const sender = await WireClient.signIn(server.url, 'sender');
    for (let n = 1; n <= MESSAGES; n++) {
      sender.say({ id: n, type: 'send', to: 'user/stuck', body: 'x'.repeat(60_000) });
    }
    await sender.count('sent', MESSAGES);
    await operator.blockUser('stuck');
    await stuck.until(() => server.logLines.some((line) => line.includes('Disconnected') && line.includes('4103')));
    stuck.socket.resume();
    await stuck.until(() => stuck.closed);
    expect(stuck.ofType('message').length).toBeLessThan(MESSAGES);
    await sender.end();
  });

  it('stays blocked when the server starts again (row 77)', async () => {
    await operator.blockUser('grace');
    await operator.blockUser('heidi', { until: Date.now() + 60_000 });
    server = await server.restart();
    operator = new OperatorClient(server.folder);
    expect(await refusedSignIn('grace')).toEqual(['forbidden', 4103]);
    expect(await refusedSignIn('heidi')).toEqual(['forbidden', 4103]);
    await operator.unblockUser('grace');
    await (await WireClient.signIn(server.url, 'grace')).end();
  });

  it('may sign in again once until has passed (row 77)', async () => {
    await operator.blockUser('ivan', { until: Date.now() + 1_500 });
    expect(await refusedSignIn('ivan')).toEqual(['forbidden', 4103]);
    await expect
      .poll(
        async () => {
          const client = await WireClient.open(server.url);
          const { type } = await client.ask({ type: 'connect', token: 'dev:ivan' });
          client.cut();
          return type;
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBe('connected');
  });
});
