import { readFileSync } from 'node:fs';
import { errorCatalogue } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { type ConnectOptions, resolveClientOptions } from '../../src/arguments/options.js';
import { clientErrorCatalogue, LongwireError } from '../../src/errors.js';
import { startTimer } from '../../src/platform/web-apis.js';

const urlOf = (url: string | undefined, pageUrl?: string) => resolveClientOptions({ url }, pageUrl).url;

describe('options', () => {
  it('url gets ws and /v1/connect, and keeps a path of its own', () => {
    expect(urlOf('ws://127.0.0.1:8080')).toBe('ws://127.0.0.1:8080/v1/connect');
    expect(urlOf('https://chat.example.org/')).toBe('wss://chat.example.org/v1/connect');
    expect(urlOf('wss://example.org/chat/v1/connect?a=1')).toBe('wss://example.org/chat/v1/connect?a=1');
    expect(urlOf('WS://[::1]:80')).toBe('ws://[::1]:80/v1/connect');
    expect(urlOf('wss://user:word@host:65535')).toBe('wss://user:word@host:65535/v1/connect');
    expect(urlOf(undefined, 'http://localhost:8080')).toBe('ws://localhost:8080/v1/connect');
    for (const wrong of [
      undefined,
      '',
      'localhost:8080',
      'ftp://host',
      'ws://',
      'ws://a b',
      'ws://host/#x',
      'ws://h:99999',
      'ws://h:0',
      'ws://h:x',
      5,
    ]) {
      expect(() => urlOf(wrong as string)).toThrowError(LongwireError);
    }
  });

  it('with an unknown name throw invalid_field with the nearest name', () => {
    const wrong = { url: 'ws://host', gettoken: () => 'x' } as ConnectOptions;
    expect(() => resolveClientOptions(wrong, undefined)).toThrowError(/gettoken; did you mean getToken\?/);
  });

  it('out of range throw invalid_field', () => {
    const wrong: ConnectOptions[] = [
      { ackMode: 'never' as never },
      { getToken: 'token' as never },
      { device: 'a/b' },
      { maxPendingSends: 0 },
      { reconnectBaseMs: 1.5 },
      { positions: { 'user/bob': { epoch: 'k3', offset: -1 } } },
      { positions: { 'user/bob': 17 as never } },
      { positions: new Map([['user/bob', { epoch: 'k3', offset: 1 }]]) as never },
      { positions: 5 as never },
      { positions: null as never },
      { deviceStore: {} as never },
      { keepBodyText: 'yes' as never },
      { client: {} as never },
      { client: null as never },
    ];
    for (const options of wrong) {
      expect(() => resolveClientOptions({ url: 'ws://host', ...options }, undefined)).toThrowError(LongwireError);
    }
  });

  it('that are not an object throw invalid_field', () => {
    for (const wrong of [undefined, null, 'ws://host', 5]) {
      const expected = expect.objectContaining({ name: 'LongwireError', code: 'invalid_field' });
      expect(() => resolveClientOptions(wrong as never, 'http://page')).toThrowError(expected);
    }
  });

  it('are frozen and have every default', () => {
    const options = resolveClientOptions({ url: 'ws://host', maxPendingSends: undefined }, undefined);
    expect(Object.isFrozen(options)).toBe(true);
    expect(options).toMatchObject({ ackMode: 'auto', ackAfterMs: 2000, ackAfterEntries: 100, maxPendingSends: 1000 });
  });
});

describe('the error catalogue', () => {
  it('has no code of the protocol’s errorCatalogue', () => {
    const shared = Object.keys(clientErrorCatalogue).filter((code) => Object.hasOwn(errorCatalogue, code));
    expect(shared).toEqual([]);
  });

  it('equals the table of the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `(\w+)` \| (yes|no) \| (.+) \|$/gm)].map(([, code, retryable, meaning]) => [
      code,
      { retryable: retryable === 'yes', meaning },
    ]);
    expect(Object.fromEntries(rows)).toEqual(clientErrorCatalogue);
  });
});

it('startTimer does not fire at once with a delay above 2^31 ms', async () => {
  let isFired = false;
  const timer = startTimer(2 ** 31 + 1000, () => {
    isFired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  expect(isFired).toBe(false);
});
