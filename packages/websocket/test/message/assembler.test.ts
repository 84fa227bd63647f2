import { constants } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, hex, maskedFrame } from '../support/hex.js';
import { Reading } from '../support/reading.js';

const TOO_BIG = { error: 'message_too_big', closeCode: 1009 };
const BAD_TEXT = { error: 'invalid_utf8', closeCode: 1007 };

describe('order of fragments, RFC 6455 §5.4', () => {
  it('joins fragments, with control frames between them', () => {
    expect(new Reading('client').push(hex('01 03 48 65 6c 89 01 70 80 02 6c 6f')).heard).toEqual([
      { ping: 'p' },
      { text: 'Hello' },
    ]);
  });

  it('refuses a continuation without a message to continue', () => {
    expect(new Reading('client').push(hex('80 00')).heard).toEqual([
      { error: 'continuation_unexpected', closeCode: 1002 },
    ]);
  });

  it('refuses a continuation after the message has ended', () => {
    const { heard } = new Reading('client').push(hex('81 01 61 80 01 62'));
    expect(heard).toEqual([{ text: 'a' }, { error: 'continuation_unexpected', closeCode: 1002 }]);
  });

  it('refuses a new message before the last one has ended', () => {
    expect(new Reading('client').push(hex('01 01 61 81')).heard).toEqual([]);
    expect(new Reading('client').push(hex('01 01 61 81 00')).heard).toEqual([
      { error: 'continuation_expected', closeCode: 1002 },
    ]);
  });

  it('looks at nothing behind a Close frame', () => {
    const { heard } = new Reading('client').push(hex('88 02 03 e8 81 01 61 83'));
    expect(heard).toEqual([{ close: 1000, reason: '' }]);
  });
});

describe('text is UTF-8, RFC 6455 §8.1', () => {
  it('fails at the first bad byte of a frame whose rest has not come', () => {
    const reading = new Reading('client').push(hex('81 7e 10 00 61 f4'));
    expect(reading.heard).toEqual([]);
    expect(reading.push(hex('90')).heard).toEqual([BAD_TEXT]);
  });

  it('fails at the first bad byte of a fragment that is not the last', () => {
    expect(new Reading('client').push(hex('01 01 ed 00 01 a0')).heard).toEqual([BAD_TEXT]);
  });

  it('fails when the message ends inside a character', () => {
    expect(new Reading('client').push(hex('81 02 e2 82')).heard).toEqual([BAD_TEXT]);
  });

  it('takes a character that is cut by fragments and by chunks', () => {
    expect(new Reading('client').push(hex('01 01 e2'), hex('00 01 82'), hex('80 01'), hex('ac')).heard).toEqual([
      { text: '€' },
    ]);
  });

  it('does not look at binary messages', () => {
    expect(new Reading('client').push(hex('82 02 ff fe')).heard).toEqual([{ binary: 'fffe' }]);
  });
});

describe('maxMessageBytes', () => {
  it('takes a message of exactly that length and refuses the next byte', () => {
    const options = { maxMessageBytes: 5 };
    expect(new Reading('client', options).push(hex('81 05 48 65 6c 6c 6f')).heard).toEqual([{ text: 'Hello' }]);
    expect(new Reading('client', options).push(hex('81 06')).heard).toEqual([TOO_BIG]);
  });

  it('refuses on the header alone, whatever length it claims', () => {
    expect(new Reading('server').push(hex('82 ff 7f ff ff ff ff ff ff ff')).heard).toEqual([TOO_BIG]);
  });

  it('counts a byte for each fragment, so that empty ones reach maxMessageBytes too', () => {
    const reading = new Reading('client', { maxMessageBytes: 10 }).push(hex('02 00'));
    for (let i = 0; i < 9; i++) reading.push(hex('00 00'));
    expect(reading.heard).toEqual([]);
    expect(reading.push(hex('00 00')).heard).toEqual([TOO_BIG]);
  });

  it('counts over all fragments', () => {
    expect(new Reading('client', { maxMessageBytes: 10 }).push(hex('01 04 61 61 61 61 80 05')).heard).toEqual([
      TOO_BIG,
    ]);
    expect(
      new Reading('client', { maxMessageBytes: 10 }).push(hex('01 04 61 61 61 61 80 04 61 61 61 61')).heard,
    ).toEqual([{ text: 'aaaaaaaa' }]);
  });

  it('refuses text that no string can hold, whatever the limit', () => {
    const limits = { maxMessageBytes: 2 ** 31 - 1 };
    const longest = hex(`81 7f 00 00 00 00 ${constants.MAX_STRING_LENGTH.toString(16)}`);
    const longer = hex(`81 7f 00 00 00 00 ${(constants.MAX_STRING_LENGTH + 1).toString(16)}`);
    expect(new Reading('client', limits).push(longest).heard).toEqual([]);
    expect(new Reading('client', limits).push(longer).heard).toEqual([TOO_BIG]);
    const inParts = new Reading('client', limits);
    inParts.inParts = true;
    expect(inParts.push(longer).heard).toEqual([]);
    expect(new Reading('client', limits).push(Buffer.concat([hex('82'), longer.subarray(1)])).heard).toEqual([]);
  });

  it.each([-1, Number.NaN, undefined])('lets nothing through where a program set it to %s', (given) => {
    const reading = new Reading('client');
    Object.defineProperty(reading, 'maxMessageBytes', { value: given });
    expect(reading.push(hex('81 01 61')).heard).toEqual([TOO_BIG]);
  });

  it('does not allocate what a header claims', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readings = Array.from({ length: 10_000 }, () =>
      new Reading('client', { maxMessageBytes: 1_000_000 }).push(hex('82 7f 00 00 00 00 00 0f 42 40 61')),
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
    expect(readings.every(({ heard }) => heard.length === 0)).toBe(true);
  });

  it('keeps at most one and a half times the limit of a message that never ends', () => {
    const limit = 8_000_000;
    const reading = new Reading('client', { maxMessageBytes: limit });
    reading.push(hex('02 00'));
    const fragment = Buffer.concat([hex('00 7e 04 00'), Buffer.alloc(1024)]);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    for (let i = 0; i < 10_000 && reading.heard.length === 0; i++) {
      reading.push(fragment);
      if (i % 100 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    expect(reading.heard).toEqual([TOO_BIG]);
    // Garbage of earlier growth may still be there when it is measured.
    expect(peak).toBeLessThan(limit * 3);
  });
});

describe('messages in parts', () => {
  it('hands text over as it arrives, in whole characters, and says which part is the last', () => {
    const reading = new Reading('client');
    reading.inParts = true;
    reading.push(hex('01 04 61 e2 82 ac'), hex('00 02 62 e2'), hex('80 03 82'), hex('ac 63'));
    expect(reading.heard).toEqual([
      { part: 'a€', isLast: false },
      { part: 'b', isLast: false },
      { part: '€c', isLast: true },
    ]);
  });

  it('hands a message of one piece over as one last part, and an empty one as an empty part', () => {
    const reading = new Reading('client');
    reading.inParts = true;
    expect(reading.push(hex('82 02 01 02 81 00')).heard).toEqual([
      { part: '0102', isLast: true },
      { part: '', isLast: true },
    ]);
  });

  it('fails at the first bad byte after good parts have been handed over', () => {
    const reading = new Reading('client');
    reading.inParts = true;
    expect(reading.push(hex('01 01 61 00 01 ff')).heard).toEqual([{ part: 'a', isLast: false }, BAD_TEXT]);
  });

  it('keeps the limit', () => {
    const reading = new Reading('client', { maxMessageBytes: 4 });
    reading.inParts = true;
    expect(reading.push(hex('02 02 61 61 80 02')).heard).toEqual([{ part: '6161', isLast: false }, TOO_BIG]);
  });
});

const message = fc.record({
  payload: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  ),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
});

it('gives messages back whole however they were fragmented and chunked', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, chunks) => {
      const frames = messages.flatMap(({ payload, cuts }) => {
        const pieces = cut(Buffer.from(payload), cuts);
        if (pieces.length === 0) pieces.push(Buffer.alloc(0));
        const opcode = typeof payload === 'string' ? 1 : 2;
        return pieces.map((piece, index) =>
          maskedFrame((index === pieces.length - 1 ? 0x80 : 0) | (index === 0 ? opcode : 0), piece),
        );
      });
      const expected = messages.map(({ payload }) =>
        typeof payload === 'string'
          ? { text: Buffer.from(payload).toString() }
          : { binary: Buffer.from(payload).toString('hex') },
      );
      expect(new Reading('server').push(...cut(Buffer.concat(frames), chunks)).heard).toEqual(expected);
    }),
  );
});

it('takes one byte at a time in time linear to the length', () => {
  // Processor time: other work on this machine must not count.
  const millisecondsFor = (bytes: number): number => {
    const stream = maskedFrame(0x82, Buffer.alloc(bytes));
    const reading = new Reading('server', { maxMessageBytes: bytes });
    const start = process.cpuUsage();
    for (let at = 0; at < stream.length; at++) reading.reader.push(stream.subarray(at, at + 1));
    const { user, system } = process.cpuUsage(start);
    expect(reading.heard).toHaveLength(1);
    return (user + system) / 1000;
  };
  const best = (bytes: number): number => Math.min(millisecondsFor(bytes), millisecondsFor(bytes));
  millisecondsFor(1 << 16);
  const once = best(1 << 18);
  const fourTimes = best(1 << 20);
  expect(fourTimes).toBeLessThan(2000);
  expect(fourTimes).toBeLessThan(once * 10 + 50);
});
