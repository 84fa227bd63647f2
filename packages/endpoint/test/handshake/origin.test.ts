// Which pages may connect: lists of origins, everybody, and what of it is refused when declared.
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { type Configurator, type ContainerWarning, defineEndpoint } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';
import { warningsFromNowOn } from '../warnings.js';

const listed = [
  'https://app.example.org',
  'http://localhost:5173',
  'https://*.pages.example',
  'https://*.dev.example:8443',
  'https://MÜNCHEN.example',
  'capacitor://localhost',
];

describe('with a list of origins', () => {
  it.each<[origin: string | undefined, host: string, allowed: boolean]>([
    // The list adds to the own host and to clients that are no browsers.
    [undefined, 'chat.example.org', true],
    ['https://chat.example.org', 'chat.example.org', true],
    ['https://chat.example.org', 'chat.example.org:443', true],
    ['https://CHAT.example.org', 'chat.EXAMPLE.org', true],
    ['https://app.example.org', 'chat.example.org', true],
    ['https://APP.example.org:443', 'chat.example.org', true],
    ['http://localhost:5173', 'chat.example.org', true],
    ['https://a.pages.example', 'chat.example.org', true],
    ['https://a-b.pages.example', 'chat.example.org', true],
    ['https://a.dev.example:8443', 'chat.example.org', true],
    ['https://xn--mnchen-3ya.example', 'chat.example.org', true],
    ['capacitor://localhost', 'chat.example.org', true],
    ['http://app.example.org', 'chat.example.org', false],
    ['https://app.example.org:444', 'chat.example.org', false],
    ['https://app.example.org.evil.example', 'chat.example.org', false],
    ['https://evil.example/https://app.example.org', 'chat.example.org', false],
    ['https://app.example.org@evil.example', 'chat.example.org', false],
    ['https://evil.example@app.example.org', 'chat.example.org', false],
    ['https://evil.example#app.example.org', 'chat.example.org', false],
    ['https://app.example.org, https://evil.example', 'chat.example.org', false],
    ['https://pages.example', 'chat.example.org', false],
    ['https://.pages.example', 'chat.example.org', false],
    ['https://a.b.pages.example', 'chat.example.org', false],
    ['https://evil-pages.example', 'chat.example.org', false],
    ['https://a.pages.example.evil', 'chat.example.org', false],
    ['http://a.pages.example', 'chat.example.org', false],
    ['https://a.pages.example:8443', 'chat.example.org', false],
    ['https://a.dev.example', 'chat.example.org', false],
    ['https://*.pages.example', 'chat.example.org', false],
    ['capacitor://localhost.evil', 'chat.example.org', false],
    ['http://localhost', 'chat.example.org', false],
    ['null', 'chat.example.org', false],
    ['', 'chat.example.org', false],
    ['file://', 'chat.example.org', false],
    ['chrome-extension://abcdef', 'chat.example.org', false],
    ['https://chat.example.org', 'chat.example.org/x', false],
  ])('Origin %s at Host %s: %s', async (origin, host, allowed) => {
    const { port } = await serve([defineEndpoint('/x', { configurator: { checkOrigin: listed } })]);
    const { status } = await askUpgrade(port, '/x', { Host: host, Origin: origin });
    expect(status).toBe(allowed ? 101 : 403);
  });

  it('a container for development lets pages of loopback in as well', async () => {
    const endpoint = defineEndpoint('/x', { configurator: { checkOrigin: ['https://app.example.org'] } });
    const { port } = await serve([endpoint], { dev: true });
    for (const origin of ['https://app.example.org', 'http://localhost:5173']) {
      expect((await askUpgrade(port, '/x', { Origin: origin })).status).toBe(101);
    }
    expect((await askUpgrade(port, '/x', { Origin: 'http://evil.example' })).status).toBe(403);
  });

  it('an empty one is the own host', async () => {
    const { port } = await serve([defineEndpoint('/x', { configurator: { checkOrigin: [] } })]);
    expect((await askUpgrade(port, '/x', { Origin: `http://127.0.0.1:${port}` })).status).toBe(101);
    expect((await askUpgrade(port, '/x', { Origin: 'http://evil.example' })).status).toBe(403);
  });
});

it.each(['http://evil.example', 'null', 'file://', undefined])(
  'dangerouslyAllowAnyOrigin lets %s in',
  async (origin) => {
    const { port } = await serve([defineEndpoint('/x', { configurator: { dangerouslyAllowAnyOrigin: true } })]);
    expect((await askUpgrade(port, '/x', { Origin: origin })).status).toBe(101);
  },
);

describe('is refused when declared:', () => {
  it.each<[entry: unknown, advice: string]>([
    ['*', 'dangerouslyAllowAnyOrigin: true'],
    ['null', 'of any site'],
    ['https://*', 'one whole label'],
    ['https://a*.example.org', 'one whole label'],
    ['https://*.*.example.org', 'one whole label'],
    ['https://app.*.org', 'one whole label'],
    ['*.example.org', 'scheme, host and port'],
    ['app.example.org', 'scheme, host and port'],
    ['https://app.example.org/', 'scheme, host and port'],
    ['https://app.example.org/chat', 'scheme, host and port'],
    ['https://user@app.example.org', 'scheme, host and port'],
    ['https://app.example.org:99999', 'scheme, host and port'],
    ['', 'scheme, host and port'],
    [/example/, 'expected an origin'],
    [7, 'expected an origin'],
  ])('%s in a list', (entry, advice) => {
    const checkOrigin = ['https://app.example.org', entry as string];
    expect(() => defineEndpoint('/x', { configurator: { checkOrigin } })).toThrow(advice);
  });

  it.each<[what: string, configurator: object]>([
    ['a list beside dangerouslyAllowAnyOrigin', { checkOrigin: [], dangerouslyAllowAnyOrigin: true }],
    ['a check that is neither list nor function', { checkOrigin: 'https://app.example.org' }],
    ['dangerouslyAllowAnyOrigin that is no boolean', { dangerouslyAllowAnyOrigin: 'yes' }],
    ['a misspelt name', { allowAnyOrigin: true }],
  ])('%s', (_what, configurator) => {
    expect(() => defineEndpoint('/x', { configurator: configurator as Configurator })).toThrow();
  });
});

describe('a page that is refused with 403', () => {
  it('is warned of once per origin, with the origin and the setting that allows it', async () => {
    const warnings = warningsFromNowOn();
    const { port } = await serve([defineEndpoint('/x', {})]);
    for (const origin of ['https://app.example.org', 'https://app.example.org', 'http://localhost:5173', 'null']) {
      expect((await askUpgrade(port, '/x', { Host: 'chat.example.org', Origin: origin })).status).toBe(403);
    }
    await until(() => warnings.length === 3);
    expect(warnings.map(({ message }) => message)).toEqual([
      'endpoint /x refused a page of "https://app.example.org" with 403: only pages of "chat.example.org" may connect; to allow this one, give the endpoint a configurator with checkOrigin: ["https://app.example.org"]',
      'endpoint /x refused a page of "http://localhost:5173" with 403: only pages of "chat.example.org" may connect; to allow this one, give the endpoint a configurator with checkOrigin: ["http://localhost:5173"], or in development the container dev: true, which allows pages of this machine',
      'endpoint /x refused a page of "null" with 403: only pages of "chat.example.org" may connect; no list of origins can allow this one, only a function as checkOrigin',
    ]);
  });

  it('by a function is warned of with what the function returned', async () => {
    const warnings = warningsFromNowOn();
    const returned: unknown[] = [false, 'yes', Promise.resolve(1)];
    const checkOrigin = (): boolean => returned.shift() as boolean;
    const { port } = await serve([defineEndpoint('/x', { configurator: { checkOrigin } })]);
    for (const name of ['a', 'b', 'c']) await askUpgrade(port, '/x', { Origin: `https://${name}.example` });
    await until(() => warnings.length === 3);
    const rule = 'and only true lets a page connect';
    expect(warnings.map(({ message }) => message)).toEqual([
      `endpoint /x refused a page of "https://a.example" with 403: its checkOrigin returned false, ${rule}`,
      `endpoint /x refused a page of "https://b.example" with 403: its checkOrigin returned a string, ${rule}`,
      `endpoint /x refused a page of "https://c.example" with 403: its checkOrigin returned a number, ${rule}`,
    ]);
  });

  it('of 130 origins makes 101 warnings, the last of which says that there are more', async () => {
    const warnings = warningsFromNowOn();
    const { port } = await serve([defineEndpoint('/x', {})]);
    for (let index = 0; index < 130; index++) {
      await askUpgrade(port, '/x', { Origin: `https://${index}.${'long.'.repeat(100)}example` });
    }
    await until(() => warnings.length > 100);
    expect(warnings).toHaveLength(101);
    expect(warnings[100]!.message).toBe(
      'there are more warnings of the kind origin_refused; no further ones are shown',
    );
    expect(Math.max(...warnings.map(({ message }) => message.length))).toBeLessThan(800);
  });

  it('goes to onWarning instead, if the container has one', async () => {
    const [printed, given] = [warningsFromNowOn(), [] as ContainerWarning[]];
    const { port } = await serve([defineEndpoint('/x', {})], { onWarning: (warning) => void given.push(warning) });
    await askUpgrade(port, '/x', { Origin: 'https://app.example.org' });
    expect(given).toEqual([
      {
        kind: 'origin_refused',
        endpoint: '/x',
        origin: 'https://app.example.org',
        message: expect.stringContaining('checkOrigin: ["https://app.example.org"]'),
      },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(printed).toEqual([]);
  });

  it('is answered with 403 even if onWarning throws', async () => {
    const warnings = warningsFromNowOn();
    const onWarning = (): void => {
      throw new Error('broken');
    };
    const { port } = await serve([defineEndpoint('/x', {})], { onWarning });
    expect((await askUpgrade(port, '/x', { Origin: 'https://app.example.org' })).status).toBe(403);
    await until(() => warnings.length > 0);
    expect(warnings[0]!.message).toBe('onWarning itself failed: Error: broken');
  });
});
