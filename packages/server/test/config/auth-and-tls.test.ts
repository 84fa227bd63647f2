import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import type { ServerConfig } from '../../src/config/server-config.js';
import { ServerError } from '../../src/errors.js';

const secret = 'canary-0123456789-0123456789-0123456789';
const dev = { LONGWIRE_AUTH: 'dev' };
const jwt = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret };
const jwks = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWKS: 'https://login.example.org/jwks' };

function load(environment: Record<string, string>): ServerConfig {
  return loadConfig({ flags: {}, environment, configFile: undefined, workingDirectory: '/etc/longwire' }).config;
}

function problemsOf(environment: Record<string, string>): string[] {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ServerError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

describe('jwtSecret and jwks', () => {
  it('jwt takes a secret and keys side by side, keys from an https URL, loopback, or a file', () => {
    const jwks = (value: string) => {
      const { auth } = load({ ...jwt, LONGWIRE_JWKS: value, LONGWIRE_AUDIENCE: 'longwire' });
      return auth.mode === 'jwt' ? auth.jwks : undefined;
    };
    expect(jwks('https://login.example.org/jwks')).toMatchObject({ kind: 'url' });
    expect(jwks('http://127.0.0.1:9/jwks')).toMatchObject({ kind: 'url' });
    expect(jwks('keys.json')).toEqual({ kind: 'file', path: '/etc/longwire/keys.json' });
  });
});

describe('devAdmins', () => {
  it('lists user ids, with auth dev only', () => {
    expect(load({ ...dev, LONGWIRE_DEV_ADMINS: 'crm, 张三' }).auth).toMatchObject({ admins: new Set(['crm', '张三']) });
    expect(problemsOf({ ...dev, LONGWIRE_DEV_ADMINS: 'a/b' })).toEqual([expect.stringContaining('not a user id')]);
    expect(problemsOf({ ...jwt, LONGWIRE_DEV_ADMINS: 'crm' })).toEqual([expect.stringContaining('claim role')]);
  });
});

describe('audience and anyAudience', () => {
  it('one of them is required with jwks, and none with jwtSecret alone', () => {
    expect(problemsOf(jwks)).toEqual([expect.stringContaining('--audience')]);
    expect(load({ ...jwks, LONGWIRE_AUDIENCE: 'longwire' }).auth).toMatchObject({ audience: ['longwire'] });
    expect(load({ ...jwks, LONGWIRE_ANY_AUDIENCE: 'true' }).auth).toMatchObject({ anyAudience: true });
    expect(load(jwt).auth).toMatchObject({ audience: [], anyAudience: false });
  });

  it('both of them contradict each other', () => {
    const both = { ...jwks, LONGWIRE_AUDIENCE: 'longwire', LONGWIRE_ANY_AUDIENCE: 'true' };
    expect(problemsOf(both)).toEqual([expect.stringContaining('contradict')]);
  });

  it('anyAudience is true or false, and nothing else', () => {
    for (const wrong of ['yes', '1', 'TRUE']) {
      expect(problemsOf({ ...jwks, LONGWIRE_ANY_AUDIENCE: wrong })).toEqual([
        expect.stringContaining('anyAudience (LONGWIRE_ANY_AUDIENCE) must be true or false'),
      ]);
    }
  });
});

describe('maxTokenLifetimeMs', () => {
  it('is a day, and undefined for 0, which accepts any', () => {
    expect(load(jwt).auth).toMatchObject({ maxLifetimeMs: 86_400_000 });
    expect(load({ ...jwt, LONGWIRE_MAX_TOKEN_LIFETIME_MS: '0' }).auth).toMatchObject({ maxLifetimeMs: undefined });
  });
});

describe('tlsCert and tlsKey', () => {
  it('are two paths, relative to the working directory', () => {
    expect(load({ ...jwt, LONGWIRE_TLS_CERT: 'cert.pem', LONGWIRE_TLS_KEY: '/run/key.pem' }).tls).toEqual({
      cert: '/etc/longwire/cert.pem',
      key: '/run/key.pem',
    });
    expect(load(jwt).tls).toBeUndefined();
  });

  it.each([
    ['tlsCert', 'LONGWIRE_TLS_CERT', 'tlsKey'],
    ['tlsKey', 'LONGWIRE_TLS_KEY', 'tlsCert'],
  ])('%s alone is refused', (key, variable, other) => {
    expect(problemsOf({ ...jwt, [variable]: 'file.pem' })).toEqual([
      expect.stringContaining(`${key} is given without ${other}`),
    ]);
  });
});

describe('trustedProxies', () => {
  it('is refused for what is no address, block, loopback or unix, and with auth dev', () => {
    expect(problemsOf({ ...jwt, LONGWIRE_TRUSTED_PROXIES: '10.0.0.0/33,proxy.example' })).toEqual([
      expect.stringContaining('"10.0.0.0/33"'),
      expect.stringContaining('"proxy.example"'),
    ]);
    expect(problemsOf({ ...dev, LONGWIRE_TRUSTED_PROXIES: 'loopback' })).toEqual([expect.stringContaining('auth dev')]);
  });
});
