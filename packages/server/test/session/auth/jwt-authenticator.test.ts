import { constants, createHmac, createPublicKey, KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveServerConfig, type ServerConfigInput } from '../../../src/config/load-config.js';
import { createLogger } from '../../../src/runtime/logger.js';
import { type Authenticator, createAuthenticator } from '../../../src/session/authenticate.js';

const secret = '0123456789abcdef0123456789abcdef';
const audience = 'longwire';
const issuer = 'https://login.example.org';

const clock = new ManualClock();
const nowSeconds = Math.floor(clock.now() / 1000);
const good = { sub: 'alice', aud: audience, iss: issuer, iat: nowSeconds, exp: nowSeconds + 3_600 };

let folder: string;
let keysPath: string;
let rsa: GenerateKeyPairResult;
let rsaOld: GenerateKeyPairResult;
let ec: GenerateKeyPairResult;
let ed: GenerateKeyPairResult;
let stranger: GenerateKeyPairResult;
let rsaPem: string;
let publicJwks: JWK[];

/** Requests that reached the server whose address hostile tokens carry. */
let outgoing = 0;
let trap: Server;
let trapUrl: string;

const logLines: string[] = [];
const logger = createLogger({ level: 'debug', destination: { write: (line) => logLines.push(line) }, color: false });

function authenticator(input: ServerConfigInput = {}): Authenticator {
  const config = resolveServerConfig({
    auth: 'jwt',
    jwtSecret: secret,
    jwks: keysPath,
    audience: [audience],
    issuer: [issuer],
    ...input,
  });
  return createAuthenticator(config, { clock, logger });
}

async function publicJwk(pair: GenerateKeyPairResult, kid: string, alg?: string): Promise<JWK> {
  return { ...(await exportJWK(pair.publicKey)), kid, ...(alg === undefined ? {} : { alg }) };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-jwt-'));
  keysPath = join(folder, 'keys.json');
  const options = { extractable: true };
  [rsa, rsaOld, ec, ed, stranger] = await Promise.all([
    generateKeyPair('RS256', options),
    generateKeyPair('RS256', options),
    generateKeyPair('ES256', options),
    generateKeyPair('EdDSA', options),
    generateKeyPair('RS256', options),
  ]);
  rsaPem = await exportSPKI(rsa.publicKey);
  publicJwks = [
    await publicJwk(rsa, 'rsa', 'RS256'),
    await publicJwk(rsaOld, 'rsa-old'),
    await publicJwk(ec, 'ec'),
    await publicJwk(ed, 'ed'),
  ];
  writeFileSync(keysPath, JSON.stringify({ keys: publicJwks }));
  trap = createServer((_request, response) => {
    outgoing += 1;
    response.end(JSON.stringify({ keys: publicJwks }));
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks`;
});

afterAll(async () => {
  await new Promise((resolve) => trap.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token signed with HMAC by hand, so that it may be as wrong as it likes. */
function handMade(header: unknown, claims: unknown, key: string | Uint8Array = secret, hash = 'sha256'): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

const hs256 = (claims: unknown, header: object = {}) => handMade({ alg: 'HS256', ...header }, claims);

/** A token signed with the good RSA key in a way jose would not. */
function signedByHand(header: object, hash: string, padding: number): string {
  const text = `${encode(header)}.${encode(good)}`;
  const key = KeyObject.from(rsa.privateKey as never);
  return `${text}.${sign(hash, Buffer.from(text), { key, padding }).toString('base64url')}`;
}

function signed(pair: GenerateKeyPairResult, header: { alg: string } & Record<string, unknown>, claims: object = good) {
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(pair.privateKey);
}

describe('a good token', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['HS256 with the secret', () => hs256(good)],
    ['RS256 with the key its kid names', () => signed(rsa, { alg: 'RS256', kid: 'rsa' })],
    ['RS256 with a key that is still in the set', () => signed(rsaOld, { alg: 'RS256', kid: 'rsa-old' })],
    ['ES256 without kid, as one key fits', () => signed(ec, { alg: 'ES256' })],
    ['EdDSA', () => signed(ed, { alg: 'EdDSA', kid: 'ed' })],
    ['type at+jwt', () => hs256(good, { typ: 'at+JWT' })],
    ['a thumbprint of a certificate, which nobody looks at', () => hs256(good, { x5t: 'abc' })],
    ['one audience of several', () => hs256({ ...good, aud: ['other', audience] })],
    ['expiring as late as is allowed', () => hs256({ ...good, exp: nowSeconds + 86_400 + 60 })],
    ['expired within the leeway', () => hs256({ ...good, exp: nowSeconds - 29 })],
    ['valid from within the leeway', () => hs256({ ...good, nbf: nowSeconds + 29, iat: nowSeconds + 29 })],
  ])('is taken: %s', async (_what, token) => {
    expect(await authenticator().authenticate(await token())).toMatchObject({ ok: true, user: 'alice' });
  });

  it('need not expire, or not soon, with maxTokenLifetimeMs 0', async () => {
    const patient = authenticator({ maxTokenLifetimeMs: 0 });
    for (const exp of [undefined, nowSeconds + 10 * 365 * 86_400]) {
      expect(await patient.authenticate(hs256({ ...good, exp }))).toMatchObject({ ok: true });
    }
  });

  it('gives user, profile, role and the time of its end', async () => {
    const token = hs256({
      ...good,
      sub: '张三',
      name: 'Zhang\u0000 San',
      picture: 'https://a.example/z.png',
      role: 'admin',
    });
    expect(await authenticator().authenticate(token)).toEqual({
      ok: true,
      user: '张三',
      profile: { name: 'Zhang San', picture: 'https://a.example/z.png' },
      ignoredClaims: [],
      role: 'admin',
      expiresAt: good.exp * 1000,
      validUntil: good.exp * 1000 + 30_000,
    });
  });

  it.each([['user'], ['Admin'], [['admin']], [true]])('with the role %j is no admin', async (role) => {
    expect(await authenticator().authenticate(hs256({ ...good, role, name: 7 }))).toMatchObject({
      ok: true,
      role: undefined,
      profile: undefined,
      ignoredClaims: ['name'],
    });
  });
});

describe('a bad token', () => {
  const manyBytes = 'x'.repeat(9_000);
  it.each<[string, () => string | Promise<string>, string]>([
    // shape
    ['nothing', () => '', 'three parts'],
    ['text', () => 'let me in', 'three parts'],
    ['a dev token', () => 'dev:alice', 'auth dev only'],
    ['two parts', () => hs256(good).split('.').slice(0, 2).join('.'), 'three parts'],
    ['five parts, an encrypted one', () => `${hs256(good)}.a.b`, 'three parts'],
    ['padding', () => `${hs256(good)}=`, 'three parts'],
    ['characters of plain base64', () => hs256(good).replace(/.$/, '+'), 'three parts'],
    ['white space around it', () => ` ${hs256(good)}`, 'three parts'],
    ['a newline after it', () => `${hs256(good)}\n`, 'three parts'],
    ['a header that is no JSON', () => `${encode('{nope')}.${encode(good)}.c2ln`, 'header'],
    ['a header that is an array', () => `${encode(['HS256'])}.${encode(good)}.c2ln`, 'header'],
    ['claims that are a text', () => handMade({ alg: 'HS256' }, '"alice"'), 'claims'],
    ['claims that are no JSON', () => handMade({ alg: 'HS256' }, '{"sub":'), 'claims'],
    ['more bytes than allowed', () => hs256({ ...good, padding: manyBytes }), 'limits.tokenBytes'],
    ['a megabyte', () => 'a'.repeat(1_000_000), 'limits.tokenBytes'],
    [
      'a subject given twice',
      () => handMade({ alg: 'HS256' }, JSON.stringify(good).replace('{', '{"sub":"bob",')),
      'stands once',
    ],
    [
      'a subject given twice, once escaped',
      () => handMade({ alg: 'HS256' }, JSON.stringify(good).replace('{', '{"su\\u0062":"bob",')),
      'stands once',
    ],
    ['an algorithm given twice', () => handMade('{"alg":"HS256","alg":"none"}', good), 'header'],
    // algorithm
    ['alg none without signature', () => `${encode({ alg: 'none' })}.${encode(good)}.`, 'algorithm'],
    ['alg none with a signature', () => handMade({ alg: 'none' }, good), 'algorithm'],
    ['alg NonE', () => handMade({ alg: 'NonE' }, good), 'algorithm'],
    ['no alg', () => handMade({}, good), 'algorithm'],
    ['alg that is an array', () => handMade({ alg: ['HS256'] }, good), 'algorithm'],
    ['alg hs256 in small letters', () => handMade({ alg: 'hs256' }, good), 'algorithm'],
    ['HS384', () => handMade({ alg: 'HS384' }, good, secret, 'sha384'), 'algorithm'],
    ['HS512', () => handMade({ alg: 'HS512' }, good, secret, 'sha512'), 'algorithm'],
    [
      'PS256 with a good RSA key',
      () => signedByHand({ alg: 'PS256', kid: 'rsa' }, 'sha256', constants.RSA_PKCS1_PSS_PADDING),
      'algorithm',
    ],
    [
      'RS512 with a good RSA key',
      () => signedByHand({ alg: 'RS512', kid: 'rsa' }, 'sha512', constants.RSA_PKCS1_PADDING),
      'algorithm',
    ],
    ['an empty signature', () => hs256(good).replace(/[^.]*$/, ''), 'no signature'],
    // confusion of keys
    [
      'HS256 with the public RSA key in PEM as secret',
      () => handMade({ alg: 'HS256', kid: 'rsa' }, good, rsaPem),
      'signature',
    ],
    [
      'HS256 with the public RSA key in DER as secret',
      () => handMade({ alg: 'HS256' }, good, createPublicKey(rsaPem).export({ type: 'spki', format: 'der' })),
      'signature',
    ],
    [
      'HS256 with the public RSA key as JWK text as secret',
      () => handMade({ alg: 'HS256' }, good, JSON.stringify(publicJwks[0])),
      'signature',
    ],
    ['HS256 with the empty secret', () => handMade({ alg: 'HS256' }, good, ''), 'signature'],
    ['HS256 with another secret', () => handMade({ alg: 'HS256' }, good, randomBytes(32)), 'signature'],
    [
      'RS256 by the header, HMAC with the secret in truth',
      () => handMade({ alg: 'RS256', kid: 'rsa' }, good),
      'signature',
    ],
    ['ES256 by the header, the kid of an RSA key', () => signed(ec, { alg: 'ES256', kid: 'rsa' }), 'No key'],
    ['RS256 with a key nobody knows', () => signed(stranger, { alg: 'RS256', kid: 'rsa' }), 'signature'],
    [
      'a signature over other claims',
      async () => {
        const [header, , signature] = (await signed(rsa, { alg: 'RS256', kid: 'rsa' })).split('.');
        return `${header}.${encode({ ...good, sub: 'bob' })}.${signature}`;
      },
      'signature',
    ],
    // tricks with keys
    ['a kid nobody has', () => signed(rsa, { alg: 'RS256', kid: 'nobody' }), 'No key'],
    ['a kid that is a path', () => signed(rsa, { alg: 'RS256', kid: '../../../../dev/null' }), 'No key'],
    ['a kid that is SQL', () => signed(rsa, { alg: 'RS256', kid: "' union select 'x" }), 'No key'],
    ["a kid of an object's prototype", () => signed(rsa, { alg: 'RS256', kid: '__proto__' }), 'No key'],
    ['a kid that is no text', () => handMade({ alg: 'RS256', kid: 7 }, good), 'kid'],
    ['a kid of a kilobyte', () => handMade({ alg: 'RS256', kid: 'k'.repeat(1_024) }, good), 'kid'],
    ['no kid where two keys fit', () => signed(rsaOld, { alg: 'RS256' }), 'kid'],
    [
      'its own key embedded (jwk)',
      async () => signed(stranger, { alg: 'RS256', jwk: await publicJwk(stranger, 'me') }),
      '"jwk"',
    ],
    ['the URL of its own keys (jku)', () => signed(stranger, { alg: 'RS256', kid: 'rsa', jku: trapUrl }), '"jku"'],
    ['the URL of its certificate (x5u)', () => signed(stranger, { alg: 'RS256', kid: 'rsa', x5u: trapUrl }), '"x5u"'],
    ['its own certificates (x5c)', () => signed(stranger, { alg: 'RS256', kid: 'rsa', x5c: ['MIIB'] }), '"x5c"'],
    ['an extension that must be understood (crit)', () => hs256(good, { crit: ['exp'] }), '"crit"'],
    ['claims that are not encoded (b64)', () => hs256(good, { b64: false }), '"b64"'],
    ['the type of another purpose', () => hs256(good, { typ: 'logout+jwt' }), 'typ'],
    ['a type that is no text', () => hs256(good, { typ: 1 }), 'typ'],
    // claims
    ['another audience', () => hs256({ ...good, aud: 'other' }), 'aud'],
    ['no audience', () => hs256({ ...good, aud: undefined }), 'aud'],
    ['an audience that looks alike', () => hs256({ ...good, aud: 'longwire ' }), 'aud'],
    [
      'restricted rights, which this version cannot keep to',
      () => hs256({ ...good, lw: { send: ['user/bob'] } }),
      'lw',
    ],
    ['another issuer', () => hs256({ ...good, iss: 'https://login.example.org.evil.example' }), 'iss'],
    ['no issuer', () => hs256({ ...good, iss: undefined }), 'iss'],
    ['valid from later', () => hs256({ ...good, nbf: nowSeconds + 31 }), 'nbf'],
    ['issued in the future', () => hs256({ ...good, iat: nowSeconds + 31 }), 'future'],
    ['no time of expiry', () => hs256({ ...good, exp: undefined }), 'must have a time of expiry'],
    ['expiring later than allowed', () => hs256({ ...good, exp: nowSeconds + 86_400 + 61 }), 'maxTokenLifetimeMs'],
    ['a time of expiry that is a text', () => hs256({ ...good, exp: '9999999999' }), 'claim exp'],
    [
      'a time of expiry of Infinity',
      () => handMade({ alg: 'HS256' }, JSON.stringify(good).replace(String(good.exp), '1e999')),
      'exp',
    ],
    ['exp in milliseconds', () => hs256({ ...good, exp: good.exp * 1000 }), 'exp of the token must be in seconds'],
    ['iat in milliseconds', () => hs256({ ...good, iat: good.iat * 1000 }), 'iat of the token must be in seconds'],
    ['nbf in milliseconds', () => hs256({ ...good, nbf: good.iat * 1000 }), 'nbf of the token must be in seconds'],
    ['iat that is a text', () => hs256({ ...good, iat: 'now' }), 'claim iat'],
    ['nbf that is a text', () => hs256({ ...good, nbf: 'now' }), 'nbf of the token must be a number'],
    ['no subject', () => hs256({ ...good, sub: undefined }), 'sub'],
    ['a subject that is a number', () => hs256({ ...good, sub: 42 }), 'sub'],
    ['an empty subject', () => hs256({ ...good, sub: '' }), 'sub'],
    ['a subject with a slash', () => hs256({ ...good, sub: 'group/eng' }), 'sub'],
    ['a subject with a space', () => hs256({ ...good, sub: 'alice smith' }), 'sub'],
    ['a subject with a control character', () => hs256({ ...good, sub: 'alice\u0000' }), 'sub'],
    ['a subject that is not in NFC', () => hs256({ ...good, sub: 'e\u0301' }), 'form C (NFC)'],
    ['a subject of 129 bytes', () => hs256({ ...good, sub: '张'.repeat(43) }), 'sub'],
  ])('is refused with unauthenticated: %s (row 39)', async (_what, token, expected) => {
    const outcome = await authenticator().authenticate(await token());
    expect(outcome).toMatchObject({ ok: false, code: 'unauthenticated' });
    expect(outcome.ok ? '' : outcome.message).toContain(expected);
  });

  it('names in claim the claim it is refused for, and in message nothing of its values', async () => {
    const canary = 'canary-value';
    for (const [claim, claims] of Object.entries({
      aud: { aud: canary },
      iss: { iss: canary },
      nbf: { nbf: canary },
      exp: { exp: canary },
      iat: { iat: canary },
      sub: { sub: `${canary} /` },
      lw: { lw: canary },
    })) {
      const outcome = await authenticator().authenticate(hs256({ ...good, ...claims }));
      expect(outcome).toMatchObject({ ok: false, claim });
      expect(JSON.stringify(outcome)).not.toContain(canary);
    }
  });

  it.each([30, 31, 86_400])('is refused as expired %i s after its end, with a leeway of 30 s', async (secondsAfter) => {
    const outcome = await authenticator().authenticate(hs256({ ...good, exp: nowSeconds - secondsAfter }));
    expect(outcome).toMatchObject({ ok: false, code: 'token_expired' });
  });

  it('causes no request to anywhere, and no line in the log (row 39)', () => {
    expect(outgoing).toBe(0);
    expect(logLines).toEqual([]);
  });
});

describe('keys', () => {
  it('that are not configured take no tokens: HS256 without secret, RS256 without set', async () => {
    const onlyKeys = authenticator({ jwtSecret: undefined });
    expect(await onlyKeys.authenticate(hs256(good))).toMatchObject({
      ok: false,
      message: expect.stringContaining('HS256'),
    });
    const onlySecret = authenticator({ jwks: undefined });
    const token = await signed(rsa, { alg: 'RS256', kid: 'rsa' });
    expect(await onlySecret.authenticate(token)).toMatchObject({
      ok: false,
      message: expect.stringContaining('RS256'),
    });
    expect(onlySecret.description).toBe('jwt (HS256)');
    expect(authenticator().description).toBe('jwt (HS256 and JWKS)');
  });

  it('with anyAudience accept a token of any audience, or of none', async () => {
    const open = authenticator({ audience: [], anyAudience: true });
    for (const aud of ['another-service', undefined]) {
      expect(await open.authenticate(hs256({ ...good, aud }))).toMatchObject({ ok: true });
    }
  });

  it('without a configured audience refuse a token with aud (RFC 7519 §4.1.3)', async () => {
    const open = authenticator({ audience: [], jwks: undefined });
    expect(await open.authenticate(hs256(good))).toMatchObject({
      ok: false,
      message: expect.stringContaining('--audience'),
    });
    expect(await open.authenticate(hs256({ ...good, aud: undefined }))).toMatchObject({ ok: true });
  });

  it('at a URL are fetched once for many tokens', async () => {
    const before = outgoing;
    const remote = authenticator({ jwks: trapUrl });
    const token = await signed(rsa, { alg: 'RS256', kid: 'rsa' });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => remote.authenticate(token)));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    // Unknown key ids do not make it be fetched again and again.
    const unknown = await signed(rsa, { alg: 'RS256', kid: 'nobody' });
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await remote.authenticate(unknown)).ok).toBe(false);
    expect(outgoing - before).toBe(1);
  });

  it('at a URL that does not answer give unavailable, which is worth another attempt', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const remote = authenticator({ jwks: `http://127.0.0.1:${port}/jwks` });
    const outcome = await remote.authenticate(await signed(rsa, { alg: 'RS256', kid: 'rsa' }));
    expect(outcome).toMatchObject({ ok: false, code: 'unavailable' });
    expect(logLines.join()).toContain('Cannot fetch the keys');
  });
});
