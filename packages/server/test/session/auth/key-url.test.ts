// Keys at a URL, from a server that changes them, fails, or means harm. All times are the clock's of the test, but one.

import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resolveServerConfig } from '../../../src/config/load-config.js';
import { createLogger } from '../../../src/runtime/logger.js';
import { type Authenticator, createAuthenticator } from '../../../src/session/authenticate.js';

const COOLDOWN_MS = 10_000;
const MAX_AGE_MS = 600_000;
const DAY_MS = 24 * 3_600_000;

let oldKey: GenerateKeyPairResult;
let newKey: GenerateKeyPairResult;
let oldJwk: JWK;
let newJwk: JWK;

let server: Server;
let url: string;
let hits = 0;
let serve: RequestListener;

const logLines: string[] = [];
const logger = createLogger({ level: 'debug', destination: { write: (line) => logLines.push(line) }, color: false });

beforeAll(async () => {
  [oldKey, newKey] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  oldJwk = { ...(await exportJWK(oldKey.publicKey)), kid: 'old', alg: 'ES256' };
  newJwk = { ...(await exportJWK(newKey.publicKey)), kid: 'new', alg: 'ES256' };
  server = createServer((request, response) => {
    hits += 1;
    serve(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
});

afterEach(() => {
  logLines.length = 0;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const withKeys =
  (...keys: readonly JWK[]): RequestListener =>
  (_request, response) =>
    void response.end(JSON.stringify({ keys }));

function start(listener: RequestListener): { clock: ManualClock; authenticator: Authenticator } {
  hits = 0;
  serve = listener;
  const clock = new ManualClock();
  const config = resolveServerConfig({ auth: 'jwt', jwks: url, anyAudience: true, maxTokenLifetimeMs: 0 });
  return { clock, authenticator: createAuthenticator(config, { clock, logger }) };
}

const tokenOf = (key: GenerateKeyPairResult, kid: string) =>
  new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'ES256', kid }).sign(key.privateKey);

const signedIn = { ok: true, user: 'alice' };
const putOff = { ok: false, code: 'unavailable' };
const refused = { ok: false, code: 'unauthenticated', message: expect.stringContaining('kid') };

describe('a token whose key is not in the set', () => {
  it('is put off until the set may be fetched again, and good if the key is there then', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    expect(await authenticator.authenticate(await tokenOf(oldKey, 'old'))).toMatchObject(signedIn);
    serve = withKeys(oldJwk, newJwk);
    const token = await tokenOf(newKey, 'new');
    clock.advanceSync(1_000);
    expect(await authenticator.authenticate(token)).toMatchObject({ ...putOff, afterMs: COOLDOWN_MS - 1_000 });
    clock.advanceSync(COOLDOWN_MS - 1_000);
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
    expect(hits).toBe(2);
  });

  it('is refused once the set was fetched for it', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    expect(await authenticator.authenticate(await tokenOf(newKey, 'new'))).toMatchObject(refused);
    const token = await tokenOf(newKey, 'other');
    expect(await authenticator.authenticate(token)).toMatchObject({ ...putOff, afterMs: COOLDOWN_MS });
    clock.advanceSync(COOLDOWN_MS);
    expect(await authenticator.authenticate(token)).toMatchObject(refused);
  });

  it('is refused when it comes back, also if the set was fetched for another token meanwhile', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    await authenticator.authenticate(await tokenOf(oldKey, 'old'));
    const token = await tokenOf(newKey, 'new');
    expect(await authenticator.authenticate(token)).toMatchObject(putOff);
    clock.advanceSync(COOLDOWN_MS);
    await authenticator.authenticate(await tokenOf(newKey, 'other'));
    expect(await authenticator.authenticate(token)).toMatchObject(refused);
    expect(hits).toBe(2);
  });

  it('has the set fetched once in ten seconds, however many there are, and refuses no valid token', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    const honest = await tokenOf(oldKey, 'old');
    const after = await tokenOf(newKey, 'new');
    for (let second = 0; second < 20; second += 1) {
      if (second === 15) serve = withKeys(newJwk, oldJwk);
      const strangers = await Promise.all(Array.from({ length: 20 }, (_, at) => tokenOf(newKey, `${second} ${at}`)));
      const outcomes = await Promise.all(strangers.map((token) => authenticator.authenticate(token)));
      expect(outcomes.some(({ ok }) => ok)).toBe(false);
      expect(await authenticator.authenticate(honest)).toMatchObject(signedIn);
      if (second >= 15) expect(await authenticator.authenticate(after)).toMatchObject(putOff);
      clock.advanceSync(1_000);
    }
    expect(hits).toBe(2);
    expect(await authenticator.authenticate(after)).toMatchObject(signedIn);
    expect(logLines).toEqual([]);
  });
});

describe('a key that is not in the set any more', () => {
  it('stops working when the set is fetched again, ten minutes later', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    const token = await tokenOf(oldKey, 'old');
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
    serve = withKeys(newJwk);
    clock.advanceSync(MAX_AGE_MS - 1);
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
    clock.advanceSync(1);
    expect(await authenticator.authenticate(token)).toMatchObject(refused);
  });
});

describe('keys that cannot be fetched', () => {
  it('stay as they were for a day, and are asked for again meanwhile', async () => {
    const { clock, authenticator } = start(withKeys(oldJwk));
    const token = await tokenOf(oldKey, 'old');
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
    serve = (_request, response) => void response.writeHead(503).end();
    clock.advanceSync(MAX_AGE_MS);
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
    // Whether the key of this one is new cannot be known.
    expect(await authenticator.authenticate(await tokenOf(newKey, 'new'))).toMatchObject(putOff);
    expect([hits, logLines.length]).toEqual([2, 1]);
    expect(logLines[0]).toContain('the last ones stay');
    clock.advanceSync(DAY_MS - MAX_AGE_MS);
    expect(await authenticator.authenticate(token)).toMatchObject({ ...putOff, afterMs: COOLDOWN_MS });
    serve = withKeys(oldJwk);
    clock.advanceSync(COOLDOWN_MS);
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
  });

  it.each<[string, () => RequestListener, string]>([
    ['another status', () => (_request, response) => void response.writeHead(404).end('{"keys":[]}'), '404'],
    ['a redirect', () => redirectOnce(withKeys(oldJwk)), '302'],
    ['what is no JSON', () => (_request, response) => void response.end('nope'), 'JSON'],
    ['what is no key set', () => (_request, response) => void response.end('{"keys":5}'), 'JSON Web Key Set'],
    ['no keys', () => withKeys(), 'no keys'],
    ['half an answer', () => (_request, response) => void response.write('{"keys"', () => response.destroy()), ''],
  ])('because the answer is %s put the token off, and are asked for again soon', async (_what, listener, logged) => {
    const { clock, authenticator } = start(listener());
    const token = await tokenOf(oldKey, 'old');
    expect(await authenticator.authenticate(token)).toMatchObject({ ...putOff, afterMs: 2_000 });
    // The second one has nothing fetched and nothing logged.
    expect(await authenticator.authenticate(token)).toMatchObject({ ...putOff, afterMs: 2_000 });
    expect([hits, logLines.length]).toEqual([1, 1]);
    expect(logLines[0]).toContain(logged);
    serve = withKeys(oldJwk);
    clock.advanceSync(2_000);
    expect(await authenticator.authenticate(token)).toMatchObject(signedIn);
  });

  it('because the answer does not end are not read beyond a mebibyte', async () => {
    let written = 0;
    const closed: Promise<unknown>[] = [];
    const { authenticator } = start((_request, response) => {
      closed.push(once(response, 'close'));
      response.write('{"keys":[');
      written += writeUntilFull(response);
      response.on('drain', () => {
        written += writeUntilFull(response);
      });
    });
    expect(await authenticator.authenticate(await tokenOf(oldKey, 'old'))).toMatchObject(putOff);
    await Promise.all(closed);
    expect(logLines.join()).toContain('1048576 bytes');
    // Beside what was read, what lay in the buffers of both sides.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  // The one test that waits: the time of a fetch is the machine's.
  it('because the answer stands still are given up after 5 s', async () => {
    const { authenticator } = start((_request, response) => void response.write('{"keys":['));
    const begun = performance.now();
    expect(await authenticator.authenticate(await tokenOf(oldKey, 'old'))).toMatchObject(putOff);
    expect(performance.now() - begun).toBeGreaterThan(4_500);
  });
});

/** Sends the first request to the same address again, where the second would be served. */
function redirectOnce(listener: RequestListener): RequestListener {
  return (_request, response) => {
    serve = listener;
    response.writeHead(302, { location: url }).end();
  };
}

function writeUntilFull(response: ServerResponse): number {
  const chunk = `{"kty":"EC","x":"${'a'.repeat(65_536)}"},`;
  let written = 0;
  for (let hasRoom = true; hasRoom && !response.destroyed; written += chunk.length) hasRoom = response.write(chunk);
  return written;
}
