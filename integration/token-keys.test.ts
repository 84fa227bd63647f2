// When an issuer changes its keys: a token of a new key is answered with a time to come back, not refused.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const first = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let issuer: Server;
let server: TestServer;
/** Signed in with a key of the set, which was fetched for it. */
let known: WireClient;

beforeAll(async () => {
  const keys = [{ ...first.publicKey.export({ format: 'jwk' }), kid: 'first', alg: 'ES256' }];
  let isFirst = true;
  // Answers once, so that whether it has other keys by now cannot be known, however slow the machine is.
  issuer = createServer((_request, response) => {
    if (isFirst) response.end(JSON.stringify({ keys }));
    else response.writeHead(503).end();
    isFirst = false;
  });
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  server = await startTestServer({
    LONGWIRE_AUTH: 'jwt',
    LONGWIRE_ANY_AUDIENCE: 'true',
    LONGWIRE_MAX_TOKEN_LIFETIME_MS: '0',
    LONGWIRE_JWKS: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`,
  });
  known = await WireClient.open(server.url);
  const connected = await known.ask({ type: 'connect', token: tokenOf(first.privateKey, 'first') });
  expect(connected).toMatchObject({ type: 'connected' });
});

afterAll(async () => {
  known.socket.close();
  await server.remove();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
});

/** ES256 by hand. */
function tokenOf(key: KeyObject, kid: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'ES256', kid })}.${encode({ sub: 'alice' })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

describe('a token whose kid is not in the fetched key set', () => {
  it('gets unavailable and goodbye 4006 with afterMs; in refresh it leaves the session open', async () => {
    const token = tokenOf(second.privateKey, 'second');
    const late = await WireClient.open(server.url);
    const answer = await late.ask({ type: 'connect', token });
    expect(answer).toMatchObject({ type: 'error', code: 'unavailable', retryable: true, afterMs: expect.any(Number) });
    expect(answer['afterMs']).toBeGreaterThan(0);
    expect(await late.whenClosed()).toMatchObject({ code: 4006 });
    expect(late.received.at(-1)).toMatchObject({ type: 'goodbye', reconnect: true, afterMs: answer['afterMs'] });
    // In a session that is open nothing ends by it.
    expect(await known.ask({ type: 'refresh', token })).toMatchObject({ code: 'unavailable', retryable: true });
    expect(await known.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('gets goodbye 4006 with afterMs also in the handshake', async () => {
    const token = tokenOf(second.privateKey, 'second');
    const late = await WireClient.open(server.url, { headers: { authorization: `Bearer ${token}` } });
    expect(await late.whenClosed()).toMatchObject({ code: 4006 });
    expect(late.received).toMatchObject([{ type: 'goodbye', reconnect: true, afterMs: expect.any(Number) }]);
  });
});
