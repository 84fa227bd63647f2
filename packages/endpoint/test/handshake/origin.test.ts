// Which pages may connect: lists of origins, everybody, and what of it is refused when declared.
import { describe, expect, it } from 'vitest';
import { type Configurator, defineEndpoint } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';

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
    ['null', 'of anybody'],
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
