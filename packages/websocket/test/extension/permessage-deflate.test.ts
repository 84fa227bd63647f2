import { randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgreedDeflateParameters } from '../../src/extension/negotiation.js';
import { PerMessageDeflate } from '../../src/extension/permessage-deflate.js';
import { openDeflate, openInflate } from '../../src/extension/zlib-handle.js';
import { encodeFrame } from '../../src/frame/frame-encoder.js';
import type { Role } from '../../src/frame/opcode.js';
import { PreparedMessage } from '../../src/message/prepared-message.js';
import { type PerMessageDeflateOptions, resolveWebSocketOptions } from '../../src/options.js';
import { cut, hex, toHex } from '../support/hex.js';
import { Reading } from '../support/reading.js';

const TAKEOVER: AgreedDeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const NO_TAKEOVER = { ...TAKEOVER, serverNoContextTakeover: true, clientNoContextTakeover: true };
const ENGINES = ['auto', 'stream'] as const;

function deflateFor(
  role: Role,
  agreed: AgreedDeflateParameters = TAKEOVER,
  engine: 'auto' | 'stream' = 'auto',
  given: PerMessageDeflateOptions = {},
): PerMessageDeflate {
  const { perMessageDeflate } = resolveWebSocketOptions({ perMessageDeflate: given });
  if (perMessageDeflate === false) throw new Error('compression is on');
  return new PerMessageDeflate(role, agreed, perMessageDeflate, engine);
}

async function settled(reading: Reading, count: number): Promise<Reading['heard']> {
  await until(() => reading.heard.length >= count);
  return reading.heard;
}

/** A compressed text message from a server, in one frame. */
function compressedText(payload: Uint8Array): Buffer {
  return encodeFrame('server', 0xc1, payload);
}

describe.each(ENGINES)('inflating with the engine %s', (engine) => {
  const reading = (agreed = TAKEOVER, maxMessageBytes = 1_048_576) =>
    new Reading('client', { maxMessageBytes }, deflateFor('client', agreed, engine));

  it('reads the examples of RFC 7692 §7.2.3, with the window kept between messages', async () => {
    const client = reading();
    client.push(hex('c1 07 f2 48 cd c9 c9 07 00'));
    client.push(hex('c1 05 f2 00 11 00 00'));
    client.push(hex('c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00'));
    client.push(hex('c1 08 f3 48 cd c9 c9 07 00 00'));
    client.push(hex('c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00'));
    expect(await settled(client, 5)).toEqual(Array.from({ length: 5 }, () => ({ text: 'Hello' })));
  });

  it('reads a fragmented message; only its first frame has RSV1', async () => {
    const client = reading().push(hex('41 03 f2 48 cd 89 01 70 80 04 c9 c9 07 00'));
    expect(await settled(client, 2)).toEqual(expect.arrayContaining([{ text: 'Hello' }, { ping: 'p' }]));
  });

  it('keeps the order of compressed, plain and Close, and lets pings pass', async () => {
    const client = reading().push(
      hex('c1 07 f2 48 cd c9 c9 07 00 81 01 61 89 01 70 c1 05 f2 00 11 00 00 82 01 62 88 02 03 e8'),
    );
    const heard = await settled(client, 6);
    expect(heard.filter((event) => !('ping' in event))).toEqual([
      { text: 'Hello' },
      { text: 'a' },
      { text: 'Hello' },
      { binary: '62' },
      { close: 1000, reason: '' },
    ]);
    expect(heard).toContainEqual({ ping: 'p' });
  });

  it.each<[string, string]>([
    ['an incomplete block', 'c2 03 f2 48 cd'],
    ['an incomplete block in two fragments', '42 02 f2 48 80 01 cd'],
    ['an incomplete header of a dynamic block', 'c2 01 04'],
    ['a dynamic block of which only the beginning is there', 'c2 08 05 c0 81 08 00 00 00 00'],
    ['a stored block that is longer than the message', 'c2 06 00 08 00 f7 ff 48'],
    ['a stored block without its lengths in full', 'c2 03 00 05 00'],
    ['a block without the header of the empty one behind it', 'c2 06 f2 48 cd c9 c9 07'],
    ['a final block, and behind it an incomplete one', 'c2 0a f3 48 cd c9 c9 07 00 f2 48 cd'],
  ])('fails with 1007 on a message that ends inside a block: %s', async (_title, frames) => {
    const client = reading().push(hex(`${frames} c1 07 f2 48 cd c9 c9 07 00`));
    expect((await settled(client, 1)).at(-1)).toEqual({ error: 'invalid_deflate', closeCode: 1007 });
    expect(client.heard.filter((event) => 'binary' in event)).toEqual([]);
  });

  it.each<[string, string]>([
    ['in one frame', 'c1 00'],
    ['in fragments', '41 00 00 00 80 00'],
  ])(
    'takes an empty payload with RSV1 for an empty message, and leaves the window alone: %s',
    async (_title, empty) => {
      const client = reading().push(hex(`${empty} c1 07 f2 48 cd c9 c9 07 00 ${empty} c1 05 f2 00 11 00 00`));
      const expected = [{ text: '' }, { text: 'Hello' }, { text: '' }, { text: 'Hello' }];
      expect(await settled(client, 4)).toEqual(expected);
    },
  );

  it('takes a message whose last block is a final one without an empty block behind it', async () => {
    const client = reading().push(hex('c1 07 f3 48 cd c9 c9 07 00 c1 07 f2 48 cd c9 c9 07 00'));
    expect(await settled(client, 2)).toEqual([{ text: 'Hello' }, { text: 'Hello' }]);
  });

  it('fails with 1007 on data that cannot be inflated', async () => {
    const client = reading().push(hex('c1 03 ff ff ff'));
    expect(await settled(client, 1)).toEqual([{ error: 'invalid_deflate', closeCode: 1007 }]);
  });

  it('fails with 1007 at a bad byte of text before the message ends', async () => {
    const bad = deflateRawSync(Buffer.from([0x61, 0xff, 0x62]), { finishFlush: 2 });
    const client = reading().push(encodeFrame('server', 0x41, bad));
    expect(await settled(client, 1)).toEqual([{ error: 'invalid_utf8', closeCode: 1007 }]);
  });

  it('stops a bomb at maxMessageBytes', async () => {
    const limit = 1_000_000;
    const bomb = deflateRawSync(Buffer.alloc(200_000_000), { level: 9 });
    const client = reading(NO_TAKEOVER, limit);
    const before = process.memoryUsage().arrayBuffers;
    client.push(encodeFrame('server', 0xc2, bomb));
    expect(await settled(client, 1)).toEqual([{ error: 'message_too_big', closeCode: 1009 }]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * limit);
  });

  it('gives a message of exactly the limit', async () => {
    const payload = deflateRawSync(Buffer.alloc(1000, 0x61), { finishFlush: 2 }).subarray(0, -4);
    expect(await settled(reading(TAKEOVER, 1000).push(compressedText(payload)), 1)).toEqual([
      { text: 'a'.repeat(1000) },
    ]);
    expect(await settled(reading(TAKEOVER, 999).push(compressedText(payload)), 1)).toEqual([
      { error: 'message_too_big', closeCode: 1009 },
    ]);
  });

  it('ends a message that begins new streams without end', async () => {
    const client = reading().push(encodeFrame('server', 0xc2, Buffer.from('0300'.repeat(5000), 'hex')));
    expect(await settled(client, 1)).toEqual([{ error: 'invalid_deflate', closeCode: 1007 }]);
    const inPieces = reading();
    const frame = encodeFrame('server', 0xc2, Buffer.from('0300'.repeat(5000), 'hex'));
    inPieces.push(...Array.from(frame, (byte) => Buffer.of(byte)));
    expect(await settled(inPieces, 1)).toEqual([{ error: 'invalid_deflate', closeCode: 1007 }]);
  });

  it('takes a long message that begins a new stream for each of its parts', async () => {
    const part = randomBytes(300);
    const payload = Buffer.concat(Array<Buffer>(200).fill(deflateRawSync(part)));
    const client = reading(TAKEOVER, 100_000).push(encodeFrame('server', 0xc2, payload));
    expect(await settled(client, 1)).toEqual([{ binary: part.toString('hex').repeat(200) }]);
  });

  it('fails of what comes first: bytes that are not UTF-8, or the limit', async () => {
    const deflated = (text: Buffer): Buffer => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
    const within = deflated(Buffer.concat([Buffer.alloc(99, 0x61), Buffer.alloc(500, 0xff)]));
    expect(await settled(reading(TAKEOVER, 100).push(compressedText(within)), 1)).toEqual([
      { error: 'invalid_utf8', closeCode: 1007 },
    ]);
    const beyond = deflated(Buffer.concat([Buffer.alloc(100, 0x61), Buffer.alloc(500, 0xff)]));
    expect(await settled(reading(TAKEOVER, 100).push(compressedText(beyond)), 1)).toEqual([
      { error: 'message_too_big', closeCode: 1009 },
    ]);
  });

  it('hands parts over as they come out', async () => {
    const client = reading();
    client.inParts = true;
    client.push(hex('41 03 f2 48 cd'), hex('80 04 c9 c9 07 00'));
    await until(() => client.heard.some((event) => 'part' in event && event.isLast));
    const parts = client.heard.flatMap((event) => ('part' in event ? [event] : []));
    expect(parts.map(({ part }) => part).join('')).toBe('Hello');
    expect(parts.filter(({ isLast }) => isLast)).toEqual([parts.at(-1)]);
  });
});

it('holds the socket back when too much waits for the slow engine, and lets it go on', async () => {
  const client = new Reading('client', { maxMessageBytes: 10_000_000 }, deflateFor('client', TAKEOVER, 'stream'));
  const big = deflateRawSync(Buffer.alloc(5_000_000), { finishFlush: 2 }).subarray(0, -4);
  client.push(encodeFrame('server', 0xc2, big), encodeFrame('server', 0x82, Buffer.alloc(100_000)));
  expect(client.holdsBack).toBe(true);
  await settled(client, 2);
  expect(client.holdsBack).toBe(false);
  expect(client.heard.map((event) => 'binary' in event && event.binary.length / 2)).toEqual([5_000_000, 100_000]);
});

it('has the zlib handle in this Node', () => {
  expect(openInflate(15)).toBeDefined();
  expect(openDeflate(15, 6, 8)).toBeDefined();
});

describe('compressing', () => {
  it('writes what RFC 7692 §7.2.3.1 and §7.2.3.2 show', () => {
    const server = deflateFor('server', TAKEOVER, 'auto', { level: 6 });
    expect(toHex(server.compress(Buffer.from('Hello'))!)).toBe('f2 48 cd c9 c9 07 00');
    expect(toHex(server.compress(Buffer.from('Hello'))!)).toBe('f2 00 11 00 00');
    server.release();
  });

  it('forgets between messages when that was agreed', () => {
    const server = deflateFor('server', NO_TAKEOVER);
    const [first, second] = [server.compress(Buffer.from('Hello')), server.compress(Buffer.from('Hello'))];
    expect(second).toEqual(first);
    server.release();
  });

  it.each([TAKEOVER, NO_TAKEOVER])('compresses an empty message to something that inflates to nothing', (agreed) => {
    const server = deflateFor('server', agreed);
    const client = new Reading('client', {}, deflateFor('client', agreed));
    for (const text of ['', 'a', '', '']) client.push(compressedText(server.compress(Buffer.from(text))!));
    expect(client.heard).toEqual([{ text: '' }, { text: 'a' }, { text: '' }, { text: '' }]);
    server.release();
  });

  it('compresses a prepared message once for all who agreed the same', () => {
    const message = PreparedMessage.text('hello '.repeat(1000));
    const [first, second] = [deflateFor('server', NO_TAKEOVER), deflateFor('server', NO_TAKEOVER)];
    expect(message.compressedFrames(first)).toBe(message.compressedFrames(second));
    expect(message.compressedFrames(first).length).toBeLessThan(200);
    const other = deflateFor('server', { ...NO_TAKEOVER, serverMaxWindowBits: 9 });
    expect(message.compressedFrames(other)).not.toBe(message.compressedFrames(first));
  });

  it('sends plain what is short, what does not shrink, and what must not be compressed', () => {
    const server = deflateFor('server', NO_TAKEOVER);
    const short = PreparedMessage.text('short');
    expect(short.compressedFrames(server)).toBe(short.frames);
    const secret = PreparedMessage.text('secret '.repeat(1000), { compress: false });
    expect(secret.compressedFrames(server)).toBe(secret.frames);
  });

  it('compresses the parts of a joined message each by its own rule', () => {
    const parts = [PreparedMessage.text('a'.repeat(2000)), PreparedMessage.text('b')];
    const frames = PreparedMessage.join(parts).compressedFrames(deflateFor('server', NO_TAKEOVER));
    const client = new Reading('client', {}, deflateFor('client', NO_TAKEOVER)).push(frames);
    expect(client.heard).toEqual([{ text: 'a'.repeat(2000) }, { text: 'b' }]);
  });
});

const agreement = fc.record({
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
  clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
});
const compressible = fc
  .array(fc.constantFrom('alpha', 'beta', '{"id":1}', ' ', 'ß', '\u{1f600}'), { maxLength: 600 })
  .map((words) => words.join(''));

it('gives back what was compressed, for every combination of parameters, engine, role and chunking', () => {
  fc.assert(
    fc.property(
      agreement,
      fc.constantFrom<Role>('server', 'client'),
      fc.constantFrom(...ENGINES),
      fc.array(compressible, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (agreed, sender, engine, texts, cuts) => {
        const compressor = deflateFor(sender, agreed, engine);
        const receiver = sender === 'server' ? 'client' : 'server';
        const decompressor = deflateFor(receiver, agreed);
        const reading = new Reading(receiver, {}, decompressor);
        const frames = texts.map((text) => encodeFrame(sender, 0xc1, compressor.compress(Buffer.from(text))!));
        reading.push(...cut(Buffer.concat(frames), cuts));
        expect(reading.heard).toEqual(texts.map((text) => ({ text })));
        compressor.release();
        decompressor.release();
      },
    ),
    { numRuns: 150 },
  );
});

it('agrees with an independent decoder on message boundaries, or fails with a code, for random compressed payloads', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (payload) => {
      const reading = new Reading('client', {}, deflateFor('client', NO_TAKEOVER)).push(
        encodeFrame('server', 0xc2, payload),
        hex('81 01 61'),
      );
      const [first, second] = reading.heard;
      if (first !== undefined && 'error' in first) return;
      expect(second).toEqual({ text: 'a' });
      const tail = hex('00 00 ff ff');
      const independent = inflateRawSync(Buffer.concat([payload, tail]), { finishFlush: 2 }).toString('hex');
      expect(first).toHaveProperty('binary');
      expect((first as { binary: string }).binary.startsWith(independent)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

it.each([
  ['1 000 Chinese characters, 3 000 bytes', '\u6c49'.repeat(1_000), true],
  ['341 Chinese characters, 1 023 bytes', '\u6c49'.repeat(341), false],
  ['342 Chinese characters, 1 026 bytes', '\u6c49'.repeat(342), true],
  ['1 024 letters', 'a'.repeat(1_024), true],
  ['1 023 letters', 'a'.repeat(1_023), false],
])('compresses text by its bytes, not its characters: %s', (_what, text, isCompressed) => {
  const deflate = deflateFor('server');
  expect(deflate.isTextWorthCompressing(text)).toBe(isCompressed);
  expect(deflate.isWorthCompressing(Buffer.byteLength(text))).toBe(isCompressed);
});
