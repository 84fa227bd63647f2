import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import { resolveServerConfig } from '../../../src/config/load-config.js';
import { createLogger } from '../../../src/runtime/logger.js';
import { createAuthenticator } from '../../../src/session/authenticate.js';

const logger = createLogger({ level: 'silent', destination: { write: () => undefined }, color: false });
const dev = createAuthenticator(resolveServerConfig({ auth: 'dev' }), { clock: new ManualClock(), logger });

describe('auth dev', () => {
  it.each(['alice', '张三', 'auth0|5f', 'bob+x@example.org', 'dev:alice'])(
    'takes dev:%s for that user',
    async (user) => {
      expect(await dev.authenticate(`dev:${user}`)).toEqual({
        ok: true,
        user,
        profile: undefined,
        ignoredClaims: [],
        role: undefined,
        expiresAt: undefined,
        validUntil: undefined,
      });
    },
  );

  it('gives the role admin to the users of devAdmins alone', async () => {
    const config = resolveServerConfig({ auth: 'dev', devAdmins: ['crm', '张三'] });
    const authenticator = createAuthenticator(config, { clock: new ManualClock(), logger });
    const roles = await Promise.all(['crm', '张三', 'Crm'].map((user) => authenticator.authenticate(`dev:${user}`)));
    expect(roles).toMatchObject([{ role: 'admin' }, { role: 'admin' }, { role: undefined }]);
  });

  it.each([
    '',
    'dev:',
    'alice',
    'DEV:alice',
    'dev:a/b',
    'dev:a b',
    'dev:\u0000',
    ' dev:alice',
    `dev:${'x'.repeat(129)}`,
  ])('refuses %j', async (token) => {
    expect(await dev.authenticate(token)).toMatchObject({ ok: false, code: 'unauthenticated' });
  });

  it('says NFC for a user id that is only not normalized', async () => {
    const outcome = await dev.authenticate('dev:Ame\u0301lie');
    expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining('form C (NFC)') });
  });

  it.each([
    'Via',
    'X-Real-IP',
    'CF-Connecting-IP',
    'True-Client-IP',
    'X-Forwarded',
    'X-Forwarded-Ssl',
    'X-ProxyUser-Ip',
    'CDN-Loop',
    'Fly-Client-IP',
  ])('refuses a request with %s, which a proxy added', (name) => {
    const headers = { host: 'localhost', [name.toLowerCase()]: '10.0.0.7' };
    expect(dev.refuseCaller({ headers, remoteAddress: '127.0.0.1' })).toContain(
      `the request has ${name.toLowerCase()}`,
    );
  });

  const local = { host: 'localhost:8080' };
  it.each<[string, Record<string, string>, string]>([
    ['no page', local, '127.0.0.1'],
    ['a page of this machine', { ...local, origin: 'http://localhost:5173' }, '127.0.0.1'],
    ['IPv6', { host: '[::1]:8080', origin: 'http://[::1]:8080' }, '::1'],
    ['IPv4 in IPv6 form', { host: '127.0.0.1' }, '::ffff:127.0.0.1'],
    ['a request without Host', {}, '127.0.0.1'],
  ])('answers %s', (_what, headers, remoteAddress) => {
    expect(dev.refuseCaller({ headers, remoteAddress })).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ['another machine', local, '10.0.0.7'],
    ['a socket without address', local, undefined],
    ['a proxy that says Forwarded', { ...local, forwarded: 'for=10.0.0.7' }, '127.0.0.1'],
    ['a proxy that says X-Forwarded-For', { ...local, 'x-forwarded-for': '10.0.0.7' }, '127.0.0.1'],
    ['a proxy that says X-Forwarded-Proto', { ...local, 'x-forwarded-proto': 'https' }, '127.0.0.1'],
    ['a page from elsewhere', { ...local, origin: 'https://evil.example' }, '127.0.0.1'],
    ['a page whose name begins like ours', { ...local, origin: 'http://localhost.evil.example' }, '127.0.0.1'],
    ['a sandboxed page', { ...local, origin: 'null' }, '127.0.0.1'],
    ['a foreign name that points here (DNS rebinding)', { host: 'evil.example:8080' }, '127.0.0.1'],
  ])('refuses %s with a sentence', (_what, headers, remoteAddress) => {
    expect(dev.refuseCaller({ headers, remoteAddress })).toContain('auth dev');
  });
});
