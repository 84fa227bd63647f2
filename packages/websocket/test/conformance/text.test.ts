// RFC 6455 §5.6 and §8.1: text is UTF-8, judged as it arrives; binary is anything.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { hex } from '../support/hex.js';
import { Encounter, ROLES } from './encounter.js';

let met: Encounter;

afterEach(() => met.stop());

const WELL_FORMED = [
  ['an empty text', ''],
  ['ASCII with NUL', '00 41 7f'],
  ['the smallest and largest of two bytes', 'c2 80 df bf'],
  ['the smallest and largest of three bytes', 'e0 a0 80 ef bf bf'],
  ['both sides of the surrogates', 'ed 9f bf ee 80 80'],
  ['the smallest and largest of four bytes', 'f0 90 80 80 f4 8f bf bf'],
  ['noncharacters', 'ef bf be f0 9f bf bf'],
  ['a byte order mark, kept', 'ef bb bf 61'],
] as const;

const ILL_FORMED = [
  ['a lone continuation byte', '80'],
  ['an overlong slash of two bytes', 'c0 af'],
  ['an overlong slash of three bytes', 'e0 80 af'],
  ['an overlong slash of four bytes', 'f0 80 80 af'],
  ['an overlong NUL', 'c0 80'],
  ['the largest overlong of three bytes', 'e0 9f bf'],
  ['a high surrogate', 'ed a0 80'],
  ['a low surrogate', 'ed bf bf'],
  ['a surrogate pair', 'ed a0 80 ed b0 80'],
  ['U+110000', 'f4 90 80 80'],
  ['a five-byte form', 'f8 88 80 80 80'],
  ['a six-byte form', 'fc 84 80 80 80 80'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['a sequence that breaks off before ASCII', 'e2 82 41'],
  ['a sequence that breaks off at the end', 'ce ba e1 bd'],
] as const;

describe.each(ROLES)('as %s', (role) => {
  async function meet(): Promise<Encounter> {
    met = await Encounter.open(role);
    return met;
  }

  it('takes every well-formed text, whole and cut into fragments of one byte', async () => {
    const { log } = await meet();
    for (const [, bytes] of WELL_FORMED) {
      met.send([0x81, hex(bytes)]);
      met.send([0x01, ''], ...[...hex(bytes)].map((byte) => [0x00, Buffer.from([byte])] as const), [0x80, '']);
    }
    await until(() => log.texts.length === WELL_FORMED.length * 2);
    const expected = WELL_FORMED.map(([, bytes]) => hex(bytes).toString('utf8'));
    expect(log.texts).toEqual(expected.flatMap((text) => [text, text]));
  });

  it('fails with 1007 on every ill-formed text', async () => {
    for (const [, bytes] of ILL_FORMED) {
      await meet();
      met.send([0x81, hex(bytes)]);
      expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
      expect(met.log.texts).toEqual([]);
      await met.stop();
    }
  });

  it('fails with 1007 on every ill-formed text in fragments of one byte', async () => {
    for (const [, bytes] of ILL_FORMED) {
      await meet();
      met.send([0x01, ''], ...[...hex(bytes)].map((byte) => [0x00, Buffer.from([byte])] as const), [0x80, '']);
      expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
      await met.stop();
    }
  });

  it('fails at the first bad byte, while the message and even its frame go on', async () => {
    await meet();
    met.send([0x01, hex('ce ba e1 bd b9 cf 83')], [0x00, hex('f4 90')]);
    expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
    await met.stop();
    await meet();
    // A frame that claims 100 bytes; the second one of those that come is bad.
    met.wire.send(met.frame(0x81, Buffer.concat([hex('61 ff'), Buffer.alloc(98, 0x61)])).subarray(0, 12));
    expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
  });

  it('takes text cut inside a character, over fragments and over segments of TCP', async () => {
    const { log, wire } = await meet();
    const bytes = Buffer.from('κόσμε 🎈');
    for (let at = 0; at <= bytes.length; at++) {
      met.send([0x01, bytes.subarray(0, at)], [0x80, bytes.subarray(at)]);
      const frame = met.frame(0x81, bytes);
      const cutAt = frame.length - bytes.length + at;
      wire.send(frame.subarray(0, cutAt));
      await new Promise((resolve) => setImmediate(resolve));
      wire.send(frame.subarray(cutAt));
    }
    await until(() => log.texts.length === 2 * (bytes.length + 1));
    expect(new Set(log.texts)).toEqual(new Set(['κόσμε 🎈']));
  });

  it('hands binary over as it is, ill-formed text included', async () => {
    const { log } = await meet();
    for (const [, bytes] of ILL_FORMED) met.send([0x82, hex(bytes)]);
    await until(() => log.binaries.length === ILL_FORMED.length);
    expect(log.binaries.map((data) => Buffer.from(data))).toEqual(ILL_FORMED.map(([, bytes]) => hex(bytes)));
  });

  it('sends only well-formed text, whatever string it is given', async () => {
    const { connection, wire } = await meet();
    connection.sendText('a\ud800b');
    connection.sendText('\udc00');
    const stream = connection.startMessage('text');
    await stream.write('x\ud83c');
    await stream.write('\udf88y');
    await stream.end();
    const frames = await wire.framesOf(5);
    const texts = [frames[0]!.payload, frames[1]!.payload, Buffer.concat(frames.slice(2).map((f) => f.payload))];
    const decoder = new TextDecoder('utf-8', { fatal: true });
    expect(texts.map((bytes) => decoder.decode(bytes))).toEqual(['a\ufffdb', '\ufffd', 'x🎈y']);
  });
});
