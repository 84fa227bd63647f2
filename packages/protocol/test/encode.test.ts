import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonString } from '../src/codec/json-string.js';
import {
  type Address,
  type ConnectedAnswer,
  decodeCommand,
  decodeServerMessage,
  type Epoch,
  encodeChannelPush,
  encodeChannelSummary,
  encodeChannels,
  encodeConnected,
  encodeEntryPush,
  encodeError,
  encodeGapPush,
  encodeGoodbyePush,
  encodeHistory,
  encodeOk,
  encodePong,
  encodePresenceList,
  encodePresencePush,
  encodeReceiptPush,
  encodeRefreshed,
  encodeSent,
  encodeSettings,
  encodeSettingsPush,
  encodeSignalPush,
  encodeUsers,
  errorCatalogue,
  type LoggedEntry,
  type UserId,
} from '../src/index.js';
import { readVectors } from './vectors.js';

interface ServerVectors {
  readonly messages: readonly { readonly title: string; readonly text: string; readonly kind: string }[];
}

const { messages } = readVectors<ServerVectors>('server-messages');
const textOf = (title: string) => messages.find((vector) => vector.title === title)?.text;

const bob = 'user/bob' as Address;
const epoch = 'k3' as Epoch;
const message: LoggedEntry = {
  kind: 'message',
  epoch,
  offset: 18,
  from: 'bob' as UserId,
  by: undefined,
  at: 1_790_000_000_000,
  body: '"are you there?"',
  bodyFormat: 'json',
  slot: undefined,
  headers: undefined,
  contentType: undefined,
  replyTo: undefined,
  target: undefined,
  expiresAt: undefined,
};
const withBytes: LoggedEntry = {
  ...message,
  offset: 19,
  from: 'alice' as UserId,
  at: 1_790_000_000_001,
  body: 'AAEC/w==',
  bodyFormat: 'base64',
  slot: 's',
  headers: '{"h":"x"}',
  contentType: 'image/png',
  replyTo: { epoch, offset: 17 },
};
const summary = {
  address: bob,
  epoch,
  head: 18,
  read: 17,
  unread: 1,
  visibleFrom: 1,
  peer: { delivered: 18, read: 12 },
};
const unread = { ...summary, read: 0, unread: 18, peer: { delivered: 0, read: 0 } };
const connected = JSON.parse(textOf('connected') ?? '') as ConnectedAnswer;
const sent = { channel: bob, epoch, offset: 19, at: 1_790_000_000_001 };
const messageText = encodeEntryPush(message, bob, undefined);

describe('the encoders write the texts of the golden vectors', () => {
  test.each([
    ['connected', encodeConnected(1, connected, [encodeChannelSummary(summary, messageText)])],
    ['refreshed', encodeRefreshed(2, { expiresAt: 1_790_003_600_000 })],
    ['sent', encodeSent(3, sent)],
    ['sent again', encodeSent('s', { ...sent, repeated: true })],
    ['ok', encodeOk(4)],
    ['history', encodeHistory(5, [messageText], { more: true })],
    ['channels', encodeChannels(6, [encodeChannelSummary(unread, undefined)], { more: false })],
    ['pong', encodePong(7, 1_790_000_000_000)],
    ['message', messageText],
    ['message with bytes', encodeEntryPush(withBytes, bob, 'a1')],
    [
      'message of an application that expires',
      encodeEntryPush(
        { ...message, offset: 1, from: undefined, by: 'crm', body: '{"title":"Paid"}', expiresAt: 1_790_003_600_000 },
        'inbox' as Address,
        undefined,
      ),
    ],
    [
      'an entry about another one',
      encodeEntryPush(
        { ...message, kind: 'retract', offset: 20, at: 1_790_000_000_002, target: 18, body: 'null' },
        bob,
        undefined,
      ),
    ],
    ['receipt', encodeReceiptPush({ user: 'bob' as UserId, epoch, delivered: 18, read: 17 }, bob)],
    ['signal', encodeSignalPush({ from: 'bob' as UserId, name: 'typing' }, bob, undefined)],
    ['signal with data', encodeSignalPush({ from: 'bob' as UserId, name: 'app.cursor' }, bob, '{"x":1}')],
    [
      'presenceList',
      encodePresenceList(9, [
        ['bob' as UserId, { online: true }],
        ['__proto__' as UserId, { online: false, lastSeenAt: 1_790_000_000_000 }],
        ['carol' as UserId, { online: false }],
      ]),
    ],
    [
      'users',
      encodeUsers(9, [
        { user: 'bob' as UserId, name: 'Bob Builder', picture: 'https://a.example/b.png' },
        { user: 'carol' as UserId, name: 'Carol' },
        { user: 'dave' as UserId },
      ]),
    ],
    [
      'presence of a user with a name',
      encodePresencePush({
        user: 'bob' as UserId,
        online: true,
        name: 'Bob Builder',
        picture: 'https://a.example/b.png',
      }),
    ],
    ['presence of a user who has come', encodePresencePush({ user: 'bob' as UserId, online: true })],
    [
      'presence of a user who has gone',
      encodePresencePush({ user: 'bob' as UserId, online: false, lastSeenAt: 1_790_000_000_000 }),
    ],
    ['settings as answer', encodeSettings(9, { presence: false, receipts: true })],
    ['settings as push', encodeSettingsPush({ presence: false, receipts: true })],
    ['channel with a block', encodeChannelPush(encodeChannelSummary({ ...summary, blocked: true }, messageText))],
    [
      'channel with preferences',
      encodeChannelPush(
        encodeChannelSummary({ ...summary, muted: 1_790_086_400_000, archived: true, hidden: true }, undefined),
      ),
    ],
    ['gap', encodeGapPush({ epoch, from: 3, to: 7, next: 8, reason: 'expired' }, bob)],
    ['goodbye', encodeGoodbyePush({ code: 4001, reason: 'restart', reconnect: true, afterMs: 500 })],
    ['an error as answer', encodeError({ id: 7, type: 'send', code: 'not_a_member', message: '…' })],
    ['an error as push', encodeError({ id: undefined, type: 'send', code: 'unavailable', message: '…', afterMs: 500 })],
  ])('%s', (title, text) => {
    expect(text).toBe(textOf(title));
  });

  test('undefined fields are left out', () => {
    expect(encodeReceiptPush({ user: 'bob' as UserId, epoch, delivered: undefined, read: 3 }, bob)).toBe(
      '{"type":"receipt","channel":"user/bob","user":"bob","epoch":"k3","read":3}',
    );
    expect(encodeRefreshed(1, {})).toBe('{"re":1,"type":"refreshed"}');
    expect(encodeSent(1, { ...sent, durable: false })).toContain('"durable":false}');
  });

  test('encodeError has retryable of the catalogue unless given', () => {
    for (const [code, { retryable }] of Object.entries(errorCatalogue)) {
      const text = encodeError({ id: 1, type: 'send', code: code as keyof typeof errorCatalogue, message: '' });
      expect(JSON.parse(text)).toMatchObject({ code, retryable });
    }
  });
});

test('jsonString writes what JSON.stringify writes, for each UTF-16 unit and for any text', () => {
  for (let unit = 0; unit <= 0xffff; unit += 1) {
    const text = `a${String.fromCharCode(unit)}b`;
    if (jsonString(text) !== JSON.stringify(text)) throw new Error(`U+${unit.toString(16)} differs`);
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => jsonString(text) === JSON.stringify(text)));
});

describe('a raw body inside a push', () => {
  const anyText = fc.string({ unit: 'binary' });

  test('arrives unchanged, whatever it and the fields around it contain', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, anyText, fc.dictionary(fc.string(), anyText), (body, slot, key, headers) => {
        // With line breaks between the tokens, which no object of the server has.
        const sentText = JSON.stringify({ type: 'send', to: 'user/bob', body }, undefined, 2).replaceAll('\n', '\r\n');
        const decoded = decodeCommand(sentText);
        if (!decoded.ok || decoded.bodyText === undefined) throw new Error('a good send was refused');
        const stored = { ...message, body: decoded.bodyText, slot, headers: JSON.stringify(headers) };
        const text = encodeEntryPush(stored, bob, key);
        expect(text).not.toMatch(/[\r\n]/);
        const read = decodeServerMessage(text);
        if (read.kind !== 'entry' || read.entry.type !== 'message') throw new Error('the push was not understood');
        expect(JSON.stringify(read.entry.body)).toBe(JSON.stringify(body));
        // A lone surrogate has no UTF-8: JSON escapes it, and the frame stays encodable.
        expect(Buffer.from(text).toString()).toBe(text);
        expect(read.entry).toMatchObject({ slot, key, channel: 'user/bob', offset: 18 });
      }),
      { numRuns: 2000 },
    );
  }, 120_000);

  test('cannot close the object around it: a body that decodeCommand accepts is one value', () => {
    const hostile = ['1,"type":"goodbye"', '1}', '"a","offset":1', '[1],"from":"root"', '{}}', '1]', '', ' ', '"\\"'];
    for (const body of hostile) {
      const decoded = decodeCommand(`{"type":"send","to":"user/bob","body":${body}}`);
      if (!decoded.ok || decoded.bodyText === undefined) continue;
      const text = encodeEntryPush({ ...message, body: decoded.bodyText }, bob, undefined);
      expect(JSON.parse(text)).toMatchObject({ type: 'message', from: 'bob', offset: 18 });
    }
  });
});
