import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ConfigSources,
  type LoadedConfig,
  loadConfig,
  resolveServerConfig,
} from '../../src/config/load-config.js';
import { printConfig } from '../../src/config/print-config.js';
import type { Setting } from '../../src/config/setting.js';
import { flagOf, settingKeys, settings, variableOf } from '../../src/config/settings.js';
import { ServerError } from '../../src/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secret = 'canary-0123456789-0123456789-0123456789';

function load(sources: Partial<ConfigSources> = {}): LoadedConfig {
  return loadConfig({ flags: {}, environment: {}, configFile: undefined, workingDirectory: folder, ...sources });
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ServerError) return error.problems.map((problem) => problem.message);
    throw error;
  }
  return [];
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const dev = { LONGWIRE_AUTH: 'dev' };

describe('defaults', () => {
  it('are port 8080 on loopback, data in ./.longwire, and no auth at all', () => {
    expect(problemsOf(() => load())).toEqual([expect.stringContaining('auth is not set')]);
    const { config } = load({ environment: dev });
    expect(config).toMatchObject({ port: 8080, host: '127.0.0.1', auth: { mode: 'dev' }, logLevel: 'info' });
    expect(config.data).toEqual({ kind: 'folder', path: join(folder, '.longwire') });
    expect(config.limits).toMatchObject({ outboxBytes: 1_048_576, inFlight: 64, newDeviceBacklog: 1_000 });
  });

  it('may be replaced by the option defaults, and every source wins over them', () => {
    const defaults = { auth: 'dev' };
    expect(load({ defaults }).config.auth.mode).toBe('dev');
    const environment = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret };
    expect(load({ defaults, environment }).config.auth.mode).toBe('jwt');
  });

  it('fit their own ranges', () => {
    for (const key of settingKeys) {
      const setting: Setting = settings[key];
      if (setting.kind !== 'integer') continue;
      expect(setting.default, key).toBeGreaterThanOrEqual(setting.min);
      expect(setting.default, key).toBeLessThanOrEqual(setting.max);
    }
  });
});

/** A value per setting that is right and is not its default. */
const otherValues: Record<string, { text: string; typed: unknown }> = Object.fromEntries(
  settingKeys.map((key) => {
    const setting: Setting = settings[key];
    if (setting.kind === 'integer') return [key, { text: String(setting.max - 1), typed: setting.max - 1 }];
    if (setting.kind === 'switch') return [key, { text: String(!setting.default), typed: !setting.default }];
    if (key === 'trustedProxies') return [key, { text: 'loopback,10.0.0.0/8', typed: ['loopback', '10.0.0.0/8'] }];
    if (key === 'devAdmins') return [key, { text: 'crm, 张三', typed: ['crm', '张三'] }];
    if (setting.kind === 'list')
      return [key, { text: 'https://a.example, https://b.example', typed: ['https://a.example', 'https://b.example'] }];
    if (setting.kind === 'choice') {
      const other = setting.choices.findLast((choice) => choice !== setting.default);
      return [key, { text: String(other), typed: other }];
    }
    return [key, { text: secret, typed: secret }];
  }),
);
// Bounds wide enough that any one of them can be changed alone.
const base = {
  auth: 'jwt',
  jwtSecret: `${secret}-base`,
  audience: ['longwire'],
  tlsCert: 'cert.pem',
  tlsKey: 'key.pem',
  limits: { commandBytes: 2 ** 25 - 2, outboxBytes: 2 ** 29, allOutboxesBytes: 2 ** 35, bodyBytesBurst: 2 ** 26 },
};

/** What of it contradicts another value of a setting. */
const contradicting: Partial<Record<string, object>> = {
  anyAudience: { audience: [] },
  devAdmins: { auth: 'dev', jwtSecret: undefined },
};

describe.each(settingKeys.map((key) => [key] as const))('setting %s', (key) => {
  const { text, typed } = otherValues[key] ?? { text: '', typed: '' };
  const [section = '', name] = key.split('.');
  const resolvedIn = (loaded: LoadedConfig) => loaded.settings.find((setting) => setting.key === key);

  it('is read from the file, the environment over it, and the flag over both; each time its source is known', () => {
    const without = contradicting[key] ?? {};
    const own =
      name === undefined
        ? { ...without, [key]: typed }
        : { [section]: { ...base[section as 'limits'], [name]: typed } };
    const path = file('longwire.json', JSON.stringify({ ...base, ...own }));
    const fromFile = load({ configFile: path });
    expect(resolvedIn(fromFile)).toEqual({ key, value: typed, source: { kind: 'file', path } });
    const fromEnvironment = load({ configFile: path, environment: { [variableOf(key)]: text } });
    expect(resolvedIn(fromEnvironment)).toEqual({
      key,
      value: typed,
      source: { kind: 'environment', name: variableOf(key) },
    });
    const fromFlag = load({ configFile: path, environment: { [variableOf(key)]: text }, flags: { [key]: text } });
    expect(resolvedIn(fromFlag)).toEqual({ key, value: typed, source: { kind: 'flag', name: flagOf(key) } });
  });

  it('refuses what does not fit, and says where it came from', () => {
    const setting: Setting = settings[key];
    if (setting.kind === 'integer') {
      for (const wrong of ['-1', String(setting.max + 1), '1.5', '1e3', '0x10', 'ten', ' 8']) {
        const problems = problemsOf(() => load({ environment: { ...dev, [variableOf(key)]: wrong } }));
        expect(problems, wrong).toEqual([
          expect.stringContaining(`(${variableOf(key)}) must be an integer from ${setting.min}`),
        ]);
      }
    }
    const path = file(
      'longwire.yaml',
      `auth: dev\n${name === undefined ? key : `${section}:\n  ${name}`}: { deeper: true }\n`,
    );
    expect(problemsOf(() => load({ configFile: path })).join()).toContain(path);
  });
});

describe('names', () => {
  it.each([
    ['a flag', () => load({ flags: { prot: '1' } }), '"prot" in --prot', '"port"'],
    [
      'a variable',
      () => load({ environment: { LONGWIRE_JWT_SECERT: 'x' } }),
      'LONGWIRE_JWT_SECERT',
      'LONGWIRE_JWT_SECRET?',
    ],
    [
      'a key of the file',
      () => load({ configFile: file('a.yaml', 'limits:\n  outboxByte: 5') }),
      '"limits.outboxByte"',
      '"limits.outboxBytes"',
    ],
    ['an option of a program', () => resolveServerConfig({ auth: 'dev', hots: 'x' } as never), '"hots"', '"host"'],
  ])('that are not known are errors with the nearest known one: %s', (_where, run, named, nearest) => {
    const [problem] = problemsOf(run);
    expect(problem).toContain(named);
    expect(problem).toContain(nearest);
  });

  it('that resemble nothing point at the help, but for variables, which may be of something else', () => {
    expect(problemsOf(() => load({ flags: { quuxification: '1' } }))[0]).toContain('--help');
    const { config, warnings } = load({ environment: { ...dev, LONGWIRE_QUUXIFICATION: '1' } });
    expect(config.port).toBe(8080);
    expect(warnings).toEqual([expect.stringContaining('LONGWIRE_QUUXIFICATION')]);
    expect(load({ environment: dev }).warnings).toEqual([]);
  });

  it('LONGWIRE_METRICS_SERVICE_HOST and the like, which Kubernetes sets for a service longwire-metrics, are one warning', () => {
    const links = {
      LONGWIRE_METRICS_SERVICE_HOST: '10.0.0.8',
      LONGWIRE_METRICS_SERVICE_PORT: '9100',
      LONGWIRE_METRICS_SERVICE_PORT_HTTP: '9100',
      LONGWIRE_METRICS_PORT: 'tcp://10.0.0.8:9100',
      LONGWIRE_METRICS_PORT_9100_TCP: 'tcp://10.0.0.8:9100',
      LONGWIRE_METRICS_PORT_9100_TCP_ADDR: '10.0.0.8',
      // Two letters from LONGWIRE_PORT.
      LONGWIRE_A_PORT: 'tcp://10.0.0.9:80',
    };
    const { config, warnings } = load({ environment: { ...dev, ...links } });
    expect(config.port).toBe(8080);
    expect(warnings).toHaveLength(1);
    for (const name of Object.keys(links)) expect(warnings[0]).toContain(name);
  });

  it('leaves alone what the client commands read, what is empty, and the service links of Kubernetes', () => {
    const environment = {
      ...dev,
      LONGWIRE_URL: 'http://x',
      LONGWIRE_TOKEN: 'x',
      LONGWIRE_HOST: '',
      LONGWIRE_PORT: 'tcp://10.0.0.7:8080',
      LONGWIRE_PORT_8080_TCP: 'tcp://10.0.0.7:8080',
      LONGWIRE_PORT_8080_TCP_ADDR: '10.0.0.7',
      LONGWIRE_SERVICE_HOST: '10.0.0.7',
      LONGWIRE_SERVICE_PORT_HTTP: '8080',
    };
    expect(load({ environment }).config).toMatchObject({ port: 8080, host: '127.0.0.1' });
  });

  it('all problems are reported at once', () => {
    const run = () => load({ environment: { LONGWIRE_PORT: 'x', LONGWIRE_AUTH: 'none', LONGWIRE_PROT: '1' } });
    expect(problemsOf(run)).toHaveLength(3);
  });
});

describe('files', () => {
  it('may be YAML, with comments and empty values', () => {
    const path = file('longwire.yaml', '# mine\nauth: dev\nport: 0\nhost:\nallowedOrigins: [http://localhost:5173]\n');
    const { config } = load({ environment: { LONGWIRE_CONFIG: path } });
    expect(config).toMatchObject({ port: 0, host: '127.0.0.1', allowedOrigins: ['http://localhost:5173'] });
  });

  it.each([
    ['is not there', undefined, 'cannot be read'],
    ['is not YAML', 'port: [1', 'neither YAML nor JSON'],
    ['gives a key twice', 'port: 1\nport: 2', 'neither YAML nor JSON'],
    ['holds no mapping', '- port', 'must hold a mapping'],
  ])('that %s are an error', (_what, text, expected) => {
    const path = text === undefined ? join(folder, 'none.yaml') : file('bad.yaml', text);
    expect(problemsOf(() => load({ configFile: path }))[0]).toContain(expected);
  });
});

describe('paths', () => {
  it('data, jwks, jwtSecretFile and configFile expand "~/" instead of naming a folder "~"', () => {
    file('keys.json', '{"keys":[]}');
    file('secret', secret);
    file('longwire.yaml', 'data: ~/data\njwks: ~/keys.json\njwtSecretFile: ~/secret\n');
    const environment = { HOME: folder, LONGWIRE_AUTH: 'jwt', LONGWIRE_AUDIENCE: 'longwire' };
    const { config } = load({ environment, configFile: '~/longwire.yaml', workingDirectory: '/' });
    expect(config.data).toEqual({ kind: 'folder', path: join(folder, 'data') });
    expect(config.auth).toMatchObject({ jwks: { kind: 'file', path: join(folder, 'keys.json') } });
  });

  it('data of another account, "~bob/x", is refused', () => {
    expect(problemsOf(() => load({ environment: { ...dev, LONGWIRE_DATA: '~bob/x' } }))).toEqual([
      expect.stringContaining('~bob/x'),
    ]);
  });
});

describe('secrets', () => {
  it.each([
    ['CR LF at the end', Buffer.from(`${secret}\r\n`)],
    ['a byte order mark', Buffer.from(`\ufeff${secret}`)],
    [
      'UTF-16 with a byte order mark',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${secret}\r\n`, 'utf16le')]),
    ],
  ])('in a file of Windows, with %s, are the same as without', (_what, bytes) => {
    writeFileSync(join(folder, 'secret'), bytes);
    const { auth } = load({ environment: { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET_FILE: 'secret' } }).config;
    expect(auth.mode === 'jwt' && auth.secret?.export().toString()).toBe(secret);
  });

  it.each([
    ['a space at the end', Buffer.from(`${secret} \n`), 'white space'],
    ['UTF-16 without a byte order mark', Buffer.from(secret, 'utf16le'), 'UTF-16'],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(secret), Buffer.from([0x80])]), 'not text in UTF-8'],
  ])('in a file with %s are refused with the reason', (_what, bytes, expected) => {
    writeFileSync(join(folder, 'secret'), bytes);
    const environment = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET_FILE: 'secret' };
    expect(problemsOf(() => load({ environment }))).toEqual([expect.stringContaining(expected)]);
  });

  it('may come from a file in every source, without its last newline', () => {
    const path = file('secret', `${secret}\n`);
    const jwt = { LONGWIRE_AUTH: 'jwt' };
    const byVariable = load({ environment: { ...jwt, LONGWIRE_JWT_SECRET_FILE: path } });
    const byFlag = load({ environment: jwt, flags: { jwtSecretFile: 'secret' } });
    const byFile = load({ environment: jwt, configFile: file('c.yaml', 'jwtSecretFile: secret') });
    for (const { config } of [byVariable, byFlag, byFile]) {
      expect(config.auth.mode === 'jwt' && config.auth.secret?.export().toString()).toBe(secret);
    }
  });

  it('given twice in one source, or in a file that is not there, are errors', () => {
    const twice = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret, LONGWIRE_JWT_SECRET_FILE: 'x' };
    expect(problemsOf(() => load({ environment: twice }))[0]).toContain('given twice');
    const missing = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET_FILE: 'nowhere' };
    expect(problemsOf(() => load({ environment: missing }))[0]).toContain('cannot be read');
  });

  it('are in nothing that is printed: not the configuration, not the settings, not an error', () => {
    const loaded = load({ environment: { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret } });
    expect(JSON.stringify(loaded.config) + inspect(loaded.config, { depth: 9 })).not.toContain('canary');
    const printed = printConfig(loaded.settings);
    expect(JSON.stringify(printed)).not.toContain('canary');
    expect(printed.find(({ key }) => key === 'jwtSecret')).toEqual({
      key: 'jwtSecret',
      value: '[redacted]',
      source: 'environment',
      from: 'LONGWIRE_JWT_SECRET',
    });
    const problems = problemsOf(() => load({ environment: { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: 'canary' } }));
    expect(problems).toEqual([expect.stringContaining('at least 32 bytes and has 6')]);
    expect(problems[0]).not.toContain('canary');
  });
});

describe('what settings are together', () => {
  const jwt = { LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret };
  it.each([
    ['dev on every address', { ...dev, LONGWIRE_HOST: '0.0.0.0' }, 'works on this machine only'],
    ['dev on a name', { ...dev, LONGWIRE_HOST: 'chat.example.org' }, 'works on this machine only'],
    ['dev in production', { ...dev, NODE_ENV: 'production' }, 'NODE_ENV is production'],
    ['dev with keys', { ...dev, LONGWIRE_JWT_SECRET: secret }, 'does not look at them'],
    ['dev with a foreign origin', { ...dev, LONGWIRE_ALLOWED_ORIGINS: 'https://evil.example' }, 'this machine only'],
    ['jwt without keys', { LONGWIRE_AUTH: 'jwt' }, 'needs a key'],
    [
      'a public key as secret',
      { ...jwt, LONGWIRE_JWT_SECRET: '-----BEGIN PUBLIC KEY-----\nMIIBIjANBg' },
      'Public keys go into --jwks',
    ],
    [
      'a JWK as secret',
      { ...jwt, LONGWIRE_JWT_SECRET: '{ "kty": "RSA", "n": "0123456789", "e": "AQAB" }' },
      'Public keys go into --jwks',
    ],
    ['a secret of 32 equal characters', { ...jwt, LONGWIRE_JWT_SECRET: 'x'.repeat(32) }, 'openssl rand -hex 32'],
    ['a secret with a space after it', { ...jwt, LONGWIRE_JWT_SECRET: `${secret} ` }, 'white space'],
    [
      'a secret with a byte order mark before it',
      { ...jwt, LONGWIRE_JWT_SECRET: `\ufeff${secret}` },
      'byte order mark',
    ],
    ['a secret that repeats a short word', { ...jwt, LONGWIRE_JWT_SECRET: 'secret'.repeat(10) }, 'can be guessed'],
    ['keys over plain http', { ...jwt, LONGWIRE_JWKS: 'http://login.example.org/jwks' }, 'must be https'],
    ['keys by ftp', { ...jwt, LONGWIRE_JWKS: 'ftp://login.example.org/jwks' }, 'not ftp:'],
    ['keys with a password', { ...jwt, LONGWIRE_JWKS: 'https://a:b@login.example.org/' }, 'user or password'],
    ['any origin', { ...jwt, LONGWIRE_ALLOWED_ORIGINS: '*' }, 'not an origin'],
    ['a pattern of origins', { ...jwt, LONGWIRE_ALLOWED_ORIGINS: 'https://*.example.org' }, 'not an origin'],
    ['an origin with a path', { ...jwt, LONGWIRE_ALLOWED_ORIGINS: 'https://example.org/app' }, 'not an origin'],
    ['a leeway above a minute', { ...jwt, LONGWIRE_JWT_LEEWAY_MS: '60001' }, 'from 0 to 60000'],
    [
      'an outbox above all outboxes',
      { ...jwt, LONGWIRE_LIMITS_OUTBOX_BYTES: '1073741824' },
      'less than limits.allOutboxesBytes',
    ],
    ['a body above its command', { ...jwt, LONGWIRE_LIMITS_BODY_BYTES: '131072' }, 'less than limits.commandBytes'],
  ])('%s is refused with a sentence', (_what, environment, expected) => {
    expect(problemsOf(() => load({ environment })).join('\n')).toContain(expected);
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('dev may listen on %s', (host) => {
    expect(load({ environment: { ...dev, LONGWIRE_HOST: host } }).config.host).toBe(host);
  });

  it('spells origins as browsers do', () => {
    const environment = { ...jwt, LONGWIRE_ALLOWED_ORIGINS: 'HTTPS://App.Example.org:443,http://localhost:5173/' };
    expect(load({ environment }).config.allowedOrigins).toEqual(['https://app.example.org', 'http://localhost:5173']);
  });

  it('comes out frozen, to the last level', () => {
    const { config } = load({ environment: jwt });
    for (const part of [config, config.limits, config.auth, config.allowedOrigins])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

describe('resolveServerConfig', () => {
  it('takes typed settings from a program and ignores the environment', () => {
    const config = resolveServerConfig({ auth: 'dev', port: 0, data: folder, limits: { heartbeatMs: 500 } });
    expect(config).toMatchObject({
      port: 0,
      data: { kind: 'folder', path: folder },
      limits: { heartbeatMs: 500, inFlight: 64 },
    });
  });

  it('keeps data in memory for data memory:, from a program, a flag, the environment and a file', () => {
    const memory = { kind: 'memory' };
    expect(resolveServerConfig({ auth: 'dev', data: 'memory:' }).data).toEqual(memory);
    expect(load({ environment: dev, flags: { data: 'memory:' } }).config.data).toEqual(memory);
    expect(load({ environment: { ...dev, LONGWIRE_DATA: 'memory:' } }).config.data).toEqual(memory);
    const configFile = file('memory.yaml', 'data: "memory:"');
    expect(load({ environment: dev, configFile }).config.data).toEqual(memory);
    expect(load({ environment: dev, flags: { data: './memory:' } }).config.data).toMatchObject({ kind: 'folder' });
  });

  it('refuses numbers as text', () => {
    expect(problemsOf(() => resolveServerConfig({ auth: 'dev', port: '80' as never }))[0]).toContain("not '80'");
  });
});
