// New ids with characters that people cannot see, as clients meet them.

import { connect as connectSdk } from '@longwire/client';
import type { DeviceId, UserId } from '@longwire/protocol';
import { OperatorClient } from '@longwire/server';
import { signedToken } from '@longwire/test-support/signed-token';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../packages/server/src/storage/sqlite/sqlite-store.js';

const old = { user: 'old\u202ebob', device: 'old\u200bphone' };
const hidden = ['ali\u200bce', 'bob\u202egnp', 'bob\u{e0062}'];
const secret = 'a-secret-of-more-than-thirty-two-bytes';
let server: TestServer;
let withJwt: TestServer;
let inMemory: TestServer;

beforeAll(async () => {
  const first = await startTestServer();
  await first.stop();
  await storeOldIds(first.folder);
  server = await startTestServer({}, first.folder);
  withJwt = await startTestServer({ LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret });
  inMemory = await startTestServer({ LONGWIRE_DATA: 'memory:' });
});
afterAll(() => Promise.all([server, withJwt, inMemory].map((each) => each.remove())));

/** As versions did that took every id. */
async function storeOldIds(folder: string): Promise<void> {
  const store = await openSqliteStore({ folder });
  const device = { user: old.user as UserId, device: old.device as DeviceId };
  await store.directory.openDevice({
    ...device,
    mustExist: { user: false, device: false },
    at: 1,
    inUse: [],
    unfinished: undefined,
  });
  await store.close();
}

const connect = async (at: TestServer, token: string, device?: string) => {
  const client = await WireClient.open(at.url);
  return { client, answer: await client.ask({ type: 'connect', token, device }) };
};

describe.each([
  ['SQLite', () => server],
  ['memory', () => inMemory],
])('on %s', (_, given) => {
  it.each(hidden)(
    'send to user/%j, who is new, gets invalid_field, and later sends are answered (row 38)',
    async (id) => {
      const alice = await WireClient.signIn(given().url, 'alice');
      const [refused, sent] = await Promise.all([
        alice.ask({ type: 'send', to: `user/${id}`, body: 1, key: 'k' }),
        alice.ask({ type: 'send', to: 'user/bob', body: 2 }),
      ]);
      expect(refused).toMatchObject({ type: 'error', code: 'invalid_field', retryable: false });
      expect(refused['message']).toMatch(/^to: .* U\+[0-9A-F]+$/);
      expect(sent).toMatchObject({ type: 'sent' });
      expect(await alice.ask({ type: 'history', channel: `user/${id}` })).toMatchObject({ entries: [] });
      alice.cut();
    },
  );

  it.each(hidden)('connect with the token dev:%j gets unauthenticated and 4100 (row 38)', async (id) => {
    const { client, answer } = await connect(given(), `dev:${id}`);
    expect(answer).toMatchObject({ type: 'error', code: 'unauthenticated' });
    expect(answer['message']).toMatch(/U\+[0-9A-F]+/);
    expect(await client.whenClosed()).toMatchObject({ code: 4100 });
  });

  it('connect with a new device gets invalid_field and 4104 (row 38)', async () => {
    const { client, answer } = await connect(given(), 'dev:alice', hidden[0]);
    expect(answer).toMatchObject({ type: 'error', code: 'invalid_field' });
    expect(await client.whenClosed()).toMatchObject({ code: 4104 });
  });

  it('send to an id with a joiner that RFC 5892 allows is stored', async () => {
    const alice = await WireClient.signIn(given().url, 'alice');
    expect(await alice.ask({ type: 'send', to: 'user/क्\u200dष', body: 1 })).toMatchObject({ type: 'sent' });
    alice.cut();
  });
});

describe('ids with hidden characters', () => {
  it('that are stored can sign in, send and be written to (row 38)', async () => {
    const { client, answer } = await connect(server, `dev:${old.user}`, old.device);
    expect(answer).toMatchObject({ type: 'connected', user: old.user, device: 'known' });
    const alice = await WireClient.signIn(server.url, 'alice');
    expect(await alice.ask({ type: 'send', to: `user/${old.user}`, body: 1 })).toMatchObject({ type: 'sent' });
    expect(await client.count('message', 1)).toMatchObject([{ from: 'alice', offset: 1 }]);
    expect(await client.ask({ type: 'send', to: 'user/alice', body: 2 })).toMatchObject({ type: 'sent', offset: 2 });
    for (const each of [client, alice]) each.cut();
  });

  it('in the sub of a JWT, of a new user, get unauthenticated and 4100; one with a joiner that RFC 5892 allows is taken', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const { client, answer } = await connect(withJwt, signedToken(secret, { sub: hidden[0], exp }));
    expect(answer).toMatchObject({ type: 'error', code: 'unauthenticated' });
    expect(await client.whenClosed()).toMatchObject({ code: 4100 });
    const taken = await connect(withJwt, signedToken(secret, { sub: 'क्\u200dष', exp }));
    expect(taken.answer).toMatchObject({ type: 'connected' });
    taken.client.cut();
  });

  it('are counted as hiddenCharacter, and logged for sign-ins', async () => {
    const operator = new OperatorClient(server.folder);
    const before = (await operator.refusals()).refusals.hiddenCharacter;
    await (await connect(server, `dev:${hidden[0]}`)).client.whenClosed();
    const carol = await WireClient.signIn(server.url, 'carol');
    await carol.ask({ type: 'send', to: `user/${hidden[1]}`, body: 1 });
    expect((await operator.refusals()).refusals.hiddenCharacter).toBe(before + 2);
    expect(server.logLines.some((line) => line.includes('A new id with a hidden character'))).toBe(true);
    carol.cut();
  });

  it('end a client of the SDK with 4100, and its send to a new user with invalid_field', async () => {
    const alice = connectSdk({ url: server.httpUrl.replace('http', 'ws'), getToken: () => 'dev:alice' });
    await expect(alice.user(hidden[0]!).send(1)).rejects.toMatchObject({ code: 'invalid_field', retryable: false });
    await alice.close();
    const stranger = connectSdk({ url: server.httpUrl.replace('http', 'ws'), getToken: () => `dev:${hidden[0]}` });
    await expect(stranger.user('bob').send(1)).rejects.toMatchObject({ code: 'stopped', closeCode: 4100 });
    await stranger.close();
  });
});
