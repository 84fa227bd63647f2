import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { resolveServerConfig } from '../../../src/config/load-config.js';
import { ServerError } from '../../../src/errors.js';
import { createLogger } from '../../../src/runtime/logger.js';
import { type Authenticator, createAuthenticator } from '../../../src/session/authenticate.js';

const clock = new ManualClock();
const logLines: string[] = [];
const logger = createLogger({ level: 'debug', destination: { write: (line) => logLines.push(line) }, color: false });

let folder: string;
let path: string;
const pairs = new Map<string, GenerateKeyPairResult>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-keys-'));
  path = join(folder, 'keys.json');
  for (const kid of ['first', 'second']) pairs.set(kid, await generateKeyPair('ES256', { extractable: true }));
});
beforeEach(() => {
  logLines.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function authenticator(): Authenticator {
  return createAuthenticator(
    resolveServerConfig({ auth: 'jwt', jwks: path, anyAudience: true, maxTokenLifetimeMs: 0 }),
    { clock, logger },
  );
}

async function keySet(kid: string): Promise<string> {
  return JSON.stringify({ keys: [{ ...(await exportJWK(pairs.get(kid)!.publicKey)), kid }] });
}

function tokenOf(kid: string): Promise<string> {
  return new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'ES256', kid }).sign(pairs.get(kid)!.privateKey);
}

it('a file of keys is read again after it changed; a broken one leaves the old keys', async () => {
  const write = (text: string, version: number) => {
    writeFileSync(path, text);
    utimesSync(path, version, version);
  };
  write(await keySet('first'), 1);
  const rotating = authenticator();
  expect(await rotating.authenticate(await tokenOf('first'))).toMatchObject({ ok: true });
  write(await keySet('second'), 2);
  clock.advanceSync(6_000);
  expect(await rotating.authenticate(await tokenOf('second'))).toMatchObject({ ok: true });
  expect(await rotating.authenticate(await tokenOf('first'))).toMatchObject({ ok: false });
  write('{ half of a fi', 3);
  clock.advanceSync(6_000);
  expect(await rotating.authenticate(await tokenOf('second'))).toMatchObject({ ok: true });
  expect(logLines.join()).toContain('old keys stay');
});

it.each([
  ['is not there', undefined, 'cannot be read'],
  ['is not JSON', 'nope', 'cannot be read'],
  ['is not a key set', '{"keys":5}', 'not a JSON Web Key Set'],
  ['is empty', '{"keys":[]}', 'no keys'],
  ['holds a shared secret', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', '--jwt-secret'],
  ['holds a private key', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"YQ","d":"YQ"}]}', 'private key'],
])('a file of keys that %s is refused at the start', (_what, text, expected) => {
  rmSync(path, { force: true });
  if (text !== undefined) writeFileSync(path, text);
  expect(authenticator).toThrow(ServerError);
  expect(authenticator).toThrow(expected);
});

it.each([
  ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
])('a file of keys from Windows, in %s, has the same keys', async (_encoding, encode) => {
  writeFileSync(path, encode(await keySet('first')));
  expect(await authenticator().authenticate(await tokenOf('first'))).toMatchObject({ ok: true });
});
