// When a token ends: the clocks of its issuer and of the server may differ, and both ends of a session know that.

import { signedToken } from '@longwire/test-support/signed-token';
import { stretched } from '@longwire/test-support/stretched';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const secret = '0123456789abcdef0123456789abcdef';
const expiredForMs = 5_000;
/** What is left of it is the time in which the server has to be reached, and is less than `whenClosed` waits. */
const leewayMs = expiredForMs + Math.min(10_000, stretched(1_000));

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    LONGWIRE_AUTH: 'jwt',
    LONGWIRE_JWT_SECRET: secret,
    LONGWIRE_JWT_LEEWAY_MS: String(leewayMs),
  });
});

afterAll(() => server.remove());

/** `exp` in ms, fractions of a second included. */
function tokenUntil(expMs: number): string {
  return signedToken(secret, { sub: 'alice', exp: expMs / 1000 });
}

describe('a refused token', () => {
  it('leaves one line at info with code, claim and reason, and nothing of the token', async () => {
    const token = signedToken(secret, { sub: 'alice', exp: Date.now() });
    const client = await WireClient.open(server.url);
    expect(await client.ask({ type: 'connect', token })).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('seconds'),
    });
    expect(await client.whenClosed()).toMatchObject({ code: 4100 });
    const lines = server.logLines.filter((line) => line.includes('Credentials refused'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 30,
        address: '127.0.0.1',
        code: 'unauthenticated',
        claim: 'exp',
        reason: expect.stringContaining('exp'),
      },
    ]);
    expect(server.logLines.join()).not.toContain(token.slice(0, token.lastIndexOf('.')));
  });
});

describe('an expired token within the clock tolerance', () => {
  it('opens a session that is closed with 4005 when the tolerance is used up; connected.expiresAt is its exp (row 41)', async () => {
    const expiresAt = Date.now() - expiredForMs;
    const client = await WireClient.open(server.url);
    const connected = await client.ask({ type: 'connect', token: tokenUntil(expiresAt) });
    expect(connected).toMatchObject({ type: 'connected', expiresAt });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(await client.whenClosed()).toMatchObject({ code: 4005 });
    // Timers may be a millisecond early.
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt + leewayMs - 2);
  });

  it('keeps a session open when sent in refresh, until it is closed with 4005 (row 41)', async () => {
    const client = await WireClient.open(server.url);
    await client.ask({ type: 'connect', token: tokenUntil(Date.now() + 60_000) });
    const expiresAt = Date.now() - expiredForMs;
    expect(await client.ask({ type: 'refresh', token: tokenUntil(expiresAt) })).toMatchObject({ expiresAt });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(await client.whenClosed()).toMatchObject({ code: 4005 });
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt + leewayMs - 2);
  });
});

describe('a handshake with two Authorization headers', () => {
  const token = () => tokenUntil(Date.now() + 60_000);
  // Node sends a header for each value; the types of ws know of one.
  const two = (...values: string[]) => ({ Authorization: values }) as unknown as Record<string, string>;

  it('is closed with 4100 if they differ, also if one of them is valid', async () => {
    const client = await WireClient.open(server.url, { headers: two(`Bearer ${token()}`, 'Bearer other') });
    expect(await client.whenClosed()).toMatchObject({ code: 4100 });
    expect(client.ofType('goodbye')).toMatchObject([{ reason: expect.stringContaining('two Authorization headers') }]);
  });

  it('is one with that token if they are the same', async () => {
    const same = `Bearer ${token()}`;
    const client = await WireClient.open(server.url, { headers: two(same, same) });
    expect(await client.ask({ type: 'connect' })).toMatchObject({ type: 'connected', user: 'alice' });
    client.cut();
  });
});
