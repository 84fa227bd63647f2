import { describe, expect, it } from 'vitest';
import type { MessageKind } from '../../src/message/assembler.js';
import { Fragmenter } from '../../src/message/fragmenter.js';
import { PreparedMessage } from '../../src/message/prepared-message.js';
import { plainDeflate } from '../support/deflate.js';
import { toHex } from '../support/hex.js';
import { Reading } from '../support/reading.js';

it('prepares a message as the very bytes a server sends', () => {
  expect(toHex(PreparedMessage.text('Hello').frames)).toBe('81 05 48 65 6c 6c 6f');
  expect(toHex(PreparedMessage.binary(Buffer.from([1])).frames)).toBe('82 01 01');
  expect(PreparedMessage.text('Hello').byteLength).toBe(7);
});

it.each([0, 125, 126, 65_535, 65_536])('knows the payload of a prepared message of %i bytes', (bytes) => {
  const text = 'x'.repeat(bytes);
  expect(PreparedMessage.text(text).payload.toString()).toBe(text);
});

it('joins prepared messages in order into one buffer', () => {
  const joined = PreparedMessage.join([PreparedMessage.text('a'), PreparedMessage.binary(Buffer.from([2]))]);
  expect(toHex(joined.frames)).toBe('81 01 61 82 01 02');
  const only = PreparedMessage.text('a');
  expect(PreparedMessage.join([only])).toBe(only);
  expect(PreparedMessage.join([]).byteLength).toBe(0);
});

it('PreparedMessage with longLived has frames in memory of their own', () => {
  const deflate = plainDeflate();
  const text = 'abc'.repeat(1_000);
  const message = PreparedMessage.text(text, { longLived: true });
  const compressed = message.compressedFrames(deflate);
  expect(message.frames).toEqual(PreparedMessage.text(text).frames);
  expect(compressed).toEqual(PreparedMessage.text(text).compressedFrames(plainDeflate()));
  expect(compressed.length).toBeLessThan(message.byteLength);
  for (const frames of [message.frames, compressed]) expect(frames.buffer.byteLength).toBe(frames.length);
});

it('fragments a message of unknown length: kind first, continuations, FIN on the last', () => {
  const fragmenter = new Fragmenter('server', 'text');
  const frames = [fragmenter.fragment('Hel'), fragmenter.fragment('lo'), fragmenter.end()];
  expect(frames.map(toHex)).toEqual(['01 03 48 65 6c', '00 02 6c 6f', '80 00']);
});

it('keeps a surrogate pair together that chunks of text cut', () => {
  const fragmenter = new Fragmenter('server', 'text');
  const frames = [fragmenter.fragment('a\ud83d'), fragmenter.fragment('\ude00b'), fragmenter.end()];
  expect(new Reading('client').push(...frames).heard).toEqual([{ text: 'a\u{1f600}b' }]);
});

it('sends a lone surrogate at the very end as U+FFFD', () => {
  const fragmenter = new Fragmenter('client', 'text');
  expect(new Reading('server').push(fragmenter.fragment('a\ud83d'), fragmenter.end()).heard).toEqual([
    { text: 'a\ufffd' },
  ]);
});

it('refuses what is not UTF-8 in a text message and text in a binary one', () => {
  const invalid = expect.objectContaining({ code: 'invalid_payload' });
  expect(() => new Fragmenter('server', 'text').fragment(Buffer.from([0xff]))).toThrowError(invalid);
  expect(() => new Fragmenter('server', 'binary').fragment('a')).toThrowError(invalid);
  const cut = new Fragmenter('server', 'text');
  cut.fragment(Buffer.from([0xe2, 0x82]));
  expect(() => cut.end()).toThrowError(invalid);
});

describe('a chunk that is refused', () => {
  const invalid = expect.objectContaining({ code: 'invalid_payload' });
  const euro = Buffer.from('\u20ac');

  it.each<[string, MessageKind, unknown]>([
    ['a number', 'text', 5],
    ['nothing', 'binary', undefined],
    ['a list of numbers', 'binary', [1, 2]],
    ['another view', 'binary', new Uint16Array(2)],
    ['another view, as text', 'text', new DataView(new ArrayBuffer(2))],
    ['bytes that are not UTF-8', 'text', Buffer.from([0xff])],
    ['text in a binary message', 'binary', 'a'],
  ])('is no beginning of the message: %s', (_what, kind, chunk) => {
    const fragmenter = new Fragmenter('server', kind);
    expect(() => fragmenter.fragment(chunk as string)).toThrowError(invalid);
    expect(fragmenter.hasBegun).toBe(false);
    expect(fragmenter.fragment(Buffer.from('a'))[0]).toBe(kind === 'text' ? 0x01 : 0x02);
  });

  it('because text follows bytes that end inside a character leaves the character to be completed', () => {
    const fragmenter = new Fragmenter('server', 'text');
    const first = fragmenter.fragment(euro.subarray(0, 2));
    expect(() => fragmenter.fragment('a')).toThrowError(invalid);
    // Refused at its second byte: what its first one completed does not count.
    expect(() => fragmenter.fragment(Buffer.from([0xac, 0xff]))).toThrowError(invalid);
    const frames = [first, fragmenter.fragment(euro.subarray(2)), fragmenter.end()];
    expect(new Reading('client').push(...frames).heard).toEqual([{ text: '\u20ac' }]);
  });

  it('because bytes follow half of a surrogate pair leaves the pair to be completed', () => {
    const fragmenter = new Fragmenter('server', 'text');
    const first = fragmenter.fragment('a\ud83d');
    expect(() => fragmenter.fragment(Buffer.from('b'))).toThrowError(invalid);
    const frames = [first, fragmenter.fragment('\ude00'), fragmenter.end()];
    expect(new Reading('client').push(...frames).heard).toEqual([{ text: 'a\u{1f600}' }]);
  });
});

it('takes text and bytes in one text message, changing between characters', () => {
  const fragmenter = new Fragmenter('client', 'text');
  const frames = [fragmenter.fragment('a'), fragmenter.fragment(Buffer.from('\u20ac')), fragmenter.fragment('b')];
  expect(new Reading('server').push(...frames, fragmenter.end()).heard).toEqual([{ text: 'a\u20acb' }]);
});
