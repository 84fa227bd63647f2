// Quotas of a running server: what its users get when one is exhausted, and that a restart does not give it back.

import { OperatorClient, type RefusalKind } from '@longwire/server';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const HOUR_MS = 3_600_000;
/** 600 bytes of JSON. */
const long = 'x'.repeat(598);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    LONGWIRE_LIMITS_NEW_PEERS_PER_HOUR: '2',
    LONGWIRE_LIMITS_CHANNELS_PER_USER: '3',
    LONGWIRE_LIMITS_STORED_BYTES_PER_USER: '2000',
    LONGWIRE_LIMITS_UNDELIVERED_BYTES_PER_PEER: '1500',
    LONGWIRE_LIMITS_UNDELIVERED_BYTES_TO_UNSEEN: '1000',
  });
});
afterAll(() => server.remove());

const countOf = async (kind: RefusalKind) => (await new OperatorClient(server.folder).refusals()).refusals[kind];

describe('send is refused with quota_exceeded above', () => {
  it.each([
    { quota: 'limits.newPeersPerHour', body: 1, allowed: ['one', 'two'], refused: 'three', hasEnd: true },
    { quota: 'limits.channelsPerUser', body: 1, allowed: ['sender', 'one', 'two'], refused: 'three', hasEnd: false },
    {
      quota: 'limits.storedBytesPerUser',
      body: long,
      allowed: ['sender', 'sender', 'sender'],
      refused: 'sender',
      hasEnd: false,
    },
    { quota: 'limits.undeliveredBytesPerPeer', body: long, allowed: ['seen', 'seen'], refused: 'seen', hasEnd: false },
    { quota: 'limits.undeliveredBytesToUnseen', body: long, allowed: ['unseen'], refused: 'unseen', hasEnd: false },
  ] as const)('$quota, which is counted', async ({ quota, body, allowed, refused, hasEnd }) => {
    const nameOf = (name: string) => `${name}-${quota}`;
    await (await WireClient.signIn(server.url, nameOf('seen'))).end();
    const client = await WireClient.signIn(server.url, nameOf('sender'));
    const send = (name: string, key: string) => client.ask({ type: 'send', to: `user/${nameOf(name)}`, body, key });
    for (const [index, name] of allowed.entries()) {
      expect(await send(name, `k${index}`)).toMatchObject({ type: 'sent' });
    }
    const before = await countOf(quota);
    const { type, code, retryable, afterMs } = await send(refused, 'refused');
    expect({ type, code, retryable }).toEqual({ type: 'error', code: 'quota_exceeded', retryable: false });
    if (hasEnd) {
      expect(afterMs).toBeGreaterThan(HOUR_MS / 2);
      expect(afterMs).toBeLessThanOrEqual(HOUR_MS);
    } else expect(afterMs).toBeUndefined();
    expect(await countOf(quota)).toBe(before + 1);
    // The answer to something stored is no new message.
    expect(await send(allowed[0], 'k0')).toMatchObject({ type: 'sent', repeated: true });
    await client.end();
  });

  it('limits.storedBytesPerUser also after a restart', async () => {
    const send = async (to: string) => {
      const client = await WireClient.signIn(server.url, 'writer');
      const answer = await client.ask({ type: 'send', to, body: long });
      await client.end();
      return answer;
    };
    for (let count = 0; count < 3; count += 1) expect(await send('user/writer')).toMatchObject({ type: 'sent' });
    server = await server.restart();
    expect(await send('user/writer')).toMatchObject({ type: 'error', code: 'quota_exceeded' });
  });
});
