import type { ChannelSummary, Gap } from '@longwire/client';
import { describe, expect, it } from 'vitest';
import { bannerJson, bannerText } from '../src/banner.js';
import { channelText, historyJson, historyText } from '../src/client/entry-text.js';
import { messageJson, messageText } from '../src/client/message-text.js';
import { frameJson, frameLine } from '../src/frames/frame-text.js';
import { parseLine } from '../src/frames/line-command.js';
import { printable } from '../src/terminal/printable.js';
import { painter, usesColor } from '../src/terminal/terminal.js';

const plain = painter(false);

describe('parseLine', () => {
  it.each([
    ['hello', { kind: 'text', text: 'hello' }],
    ['', { kind: 'nothing' }],
    ['//slash', { kind: 'text', text: '/slash' }],
    ['/ping', { kind: 'ping', data: Buffer.from('') }],
    ['/ping a b', { kind: 'ping', data: Buffer.from('a b') }],
    ['/binary 00 fF10', { kind: 'binary', data: Buffer.from([0, 255, 16]) }],
    ['/close', { kind: 'close', code: 1000, reason: '' }],
    ['/exit', { kind: 'close', code: 1000, reason: '' }],
    ['/close 4000 good bye', { kind: 'close', code: 4000, reason: 'good bye' }],
  ])('parses %j', (line, command) => expect(parseLine(line)).toEqual(command));

  it.each([
    '/nonsense',
    '/binary 0',
    '/binary xy',
    '/close 1006',
    '/close 999',
    '/close now',
    `/ping ${'x'.repeat(126)}`,
    `/close 4000 ${'长'.repeat(42)}`,
  ])('refuses %j', (line) => expect(parseLine(line)).toMatchObject({ kind: 'wrong' }));
});

describe('frames', () => {
  it('frameLine shows kind, direction and content', () => {
    expect(frameLine({ type: 'text', direction: 'in', text: 'hi\u001b[2J' }, plain)).toBe('< hi\\u001b[2J');
    expect(frameLine({ type: 'binary', direction: 'out', data: new Uint8Array([0, 255]) }, plain)).toBe(
      '> binary 2 bytes: 00 ff',
    );
    expect(frameLine({ type: 'binary', direction: 'in', data: new Uint8Array(40) }, plain)).toMatch(
      /40 bytes: (00 ){32}…$/,
    );
    expect(frameLine({ type: 'ping', direction: 'in', data: Buffer.from('x') }, plain)).toBe('< ping "x"');
    expect(frameLine({ type: 'close', code: 1006, reason: '', wasClean: false }, plain)).toBe(
      'closed 1006 (not clean)',
    );
    expect(frameLine({ type: 'open', subprotocol: 'a', extensions: '' }, plain)).toBe('connected (subprotocol a)');
  });

  it('frameJson is one JSON object on one line', () => {
    expect(JSON.parse(frameJson({ type: 'binary', direction: 'in', data: new Uint8Array([1]) }))).toEqual({
      type: 'binary',
      direction: 'in',
      hex: '01',
    });
    expect(JSON.parse(frameJson({ type: 'close', code: 1000, reason: '', wasClean: true }))).toMatchObject({
      code: 1000,
    });
  });
});

describe('messages', () => {
  it.each([
    [{ body: { text: 'hi' } }, 'hi'],
    [{ body: 'hi' }, 'hi'],
    [{ body: { other: 1 } }, '{"other":1}'],
    [{ body: { text: 7 } }, '{"text":7}'],
    [{ body: [1, null] }, '[1,null]'],
    [{ body: null }, 'null'],
    [{ body: Number.POSITIVE_INFINITY, bodyText: '1e400' }, '1e400'],
    [{ bytes: new Uint8Array(3) }, '[3 bytes]'],
    [{}, '[retracted]'],
    [{ body: '\u001b]0;title\u0007' }, '\\u001b]0;title\\u0007'],
    [{ body: 'abc\u202ecba' }, 'abc\\u202ecba'],
    [{ body: '\u009b2J \u200e\u200f\u061c\u2028' }, '\\u009b2J \\u200e\\u200f\\u061c\\u2028'],
  ])('messageText of %j is %j', (message, text) => expect(messageText(message)).toBe(text));

  it('messageJson has bytes in base64', () => {
    const message = {
      channel: 'user/bob',
      epoch: 'e',
      offset: 1,
      from: 'bob',
      at: 5,
      own: false,
      bytes: new Uint8Array([1, 2]),
    };
    expect(JSON.parse(messageJson(message as never))).toEqual({ type: 'message', ...message, bytes: 'AQI=' });
  });

  it('printable keeps tabs and newlines', () => expect(printable('a\tb\nc\r')).toBe('a\tb\nc\\u000d'));
});

describe('colour', () => {
  const terminal = (environment: Record<string, string>) => ({ environment }) as never;
  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
  ])('usesColor with %j and isTTY %s is %s', (environment, isTTY, expected) => {
    expect(usesColor(terminal(environment), { isTTY })).toBe(expected);
  });
});

describe('banner', () => {
  const server = {
    address: { host: '127.0.0.1', port: 8080 },
    urls: ['http://127.0.0.1:8080'],
    storage: 'sqlite',
    auth: 'dev',
  };
  it('bannerText has URLs, storage, sign-in and version, and on Node 20 the advice to use Node 24', () => {
    const text = bannerText({ server, hasPage: true, nodeVersion: '20.20.2' }, plain);
    for (const part of [
      'http://127.0.0.1:8080/',
      'ws://127.0.0.1:8080/v1/connect',
      'sqlite',
      'dev',
      'Longwire',
      'Node 24 LTS',
    ]) {
      expect(text).toContain(part);
    }
    // Durable sends are equally fast on both.
    expect(text).not.toMatch(/fast/);
    expect(bannerText({ server, hasPage: false, nodeVersion: '24.21.0' }, plain)).not.toContain('Node 24');
  });

  it('bannerJson is one JSON object', () => {
    const banner = JSON.parse(bannerJson({ server, hasPage: true, nodeVersion: '24.0.0' }));
    expect(banner).toMatchObject({ event: 'listening', port: 8080, gateway: 'ws://127.0.0.1:8080/v1/connect' });
  });
});

describe('what longwire history and conversations print', () => {
  const gap = { channel: 'user/bob', epoch: 'k3', from: 2, to: 5, next: 6, reason: 'expired' } as Gap;
  const channel = { address: 'user/bob', epoch: 'k3', head: 1, read: 1, unread: 0, visibleFrom: 1 } as ChannelSummary;

  it('of a gap is its offsets and its reason', () => {
    expect(historyText(gap)).toBe('2-5 not available (expired)');
    expect(JSON.parse(historyJson(gap))).toEqual({ type: 'gap', ...gap });
  });

  it('of a channel is until when it is muted, unless that is past', () => {
    const muted = { ...channel, muted: Date.UTC(2030, 0, 31) };
    expect(channelText(muted, Date.UTC(2030, 0, 1))).toBe('user/bob (muted until 2030-01-31T00:00:00.000Z)');
    expect(channelText(muted, Date.UTC(2030, 1, 1))).toBe('user/bob');
  });

  it('of a channel is the size of bytes, and of a long message that it is long', () => {
    const last = { type: 'message', channel: 'user/bob', epoch: 'k3', offset: 1, at: 1, from: 'bob' };
    const textWith = (fields: object) => channelText({ ...channel, last: { ...last, ...fields } } as ChannelSummary, 0);
    expect(textWith({ bytes: 'AAE=' })).toBe('user/bob: bob: [2 bytes]');
    expect(textWith({ truncated: true })).toBe('user/bob: bob: [long message]');
  });
});
