import { expect, it } from 'vitest';
import { Fragmenter } from '../../src/message/fragmenter.js';
import { PreparedMessage } from '../../src/message/prepared-message.js';
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
