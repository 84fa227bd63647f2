// RFC 7692 §6 and §7.2: compressed messages as bytes, with zlib as the far end's compressor.
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/frame/opcode.js';
import type { PerMessageDeflateOptions, WebSocketOptions } from '../../src/options.js';
import { hex } from '../support/hex.js';
import { Encounter, ROLES } from './encounter.js';

let met: Encounter;

afterEach(() => met.stop());

const TAIL = hex('00 00 ff ff');
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

/** Lines of text that compress, but not to nothing. */
function prose(bytes: number, seed = 1): string {
  let text = '';
  for (let state = seed; text.length < bytes; ) {
    state = (state * 48_271) % 2_147_483_647;
    text += `word${state % 977} `;
  }
  return text.slice(0, bytes);
}

describe.each(ROLES)('as %s', (role: Role) => {
  /** Agreed: exactly `parameters`, each window kept unless they say otherwise. */
  async function meet(parameters = '', more: WebSocketOptions = {}, given: PerMessageDeflateOptions = {}) {
    const options = {
      ...more,
      perMessageDeflate: {
        serverNoContextTakeover: false,
        clientNoContextTakeover: false,
        thresholdBytes: 0,
        ...given,
      },
    };
    met = await Encounter.open(role, { options, lines: [`Sec-WebSocket-Extensions: permessage-deflate${parameters}`] });
    expect(met.connection.extensions).toBe(`permessage-deflate${parameters}`);
    return met;
  }

  const own = role;
  const peer = role === 'server' ? 'client' : 'server';
  const ownBits = (bits: number): string =>
    own === 'server' ? `; server_max_window_bits=${bits}` : `; client_max_window_bits=${bits}`;

  it('reads the examples of §7.2.3 byte by byte', async () => {
    const { log } = await meet();
    met.send([0xc1, hex('f2 48 cd c9 c9 07 00')]);
    met.send([0x41, hex('f2 48 cd')], [0x80, hex('c9 c9 07 00')]);
    // The second "Hello" points into the window of the first ones.
    met.send([0xc1, hex('f2 00 11 00 00')]);
    met.send([0xc1, hex('00 05 00 fa ff 48 65 6c 6c 6f 00')]);
    met.send([0xc1, hex('f3 48 cd c9 c9 07 00 00')]);
    met.send([0xc1, hex('f2 48 05 00 00 00 ff ff ca c9 c9 07 00')]);
    met.send([0xc1, hex('00')]);
    await until(() => log.texts.length === 7);
    expect(log.texts).toEqual(['Hello', 'Hello', 'Hello', 'Hello', 'Hello', 'Hello', '']);
  });

  it('takes plain messages between compressed ones; they leave the window alone', async () => {
    const { log } = await meet();
    met.send([0xc1, hex('f2 48 cd c9 c9 07 00')], [0x81, 'plain'], [0x82, 'bytes'], [0xc1, hex('f2 00 11 00 00')]);
    await until(() => log.order.length === 4);
    expect(log.texts).toEqual(['Hello', 'plain', 'Hello']);
  });

  it('takes a compressed message cut at every byte, with control frames in the cuts', async () => {
    const { log, wire } = await meet();
    const bytes = deflateRawSync(prose(300), SYNC).subarray(0, -4);
    met.send(
      [0x41, ''],
      ...[...bytes].flatMap(
        (byte) =>
          [
            [0x00, Buffer.from([byte])],
            [0x89, ''],
          ] as const,
      ),
      [0x80, ''],
    );
    await until(() => log.texts.length === 1);
    expect(log.texts[0]).toBe(prose(300));
    expect((await wire.framesOf(bytes.length)).every(({ first }) => first === 0x8a)).toBe(true);
  });

  it('takes blocks of every type in one message', async () => {
    const { log } = await meet();
    const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE];
    const blocks = strategies.map((strategy) => deflateRawSync(prose(400), { ...SYNC, strategy }));
    const stored = deflateRawSync(prose(400), { ...SYNC, level: 0 });
    met.send([0xc1, Buffer.concat([...blocks, stored]).subarray(0, -4)]);
    await until(() => log.texts.length === 1);
    expect(log.texts[0]).toBe(prose(400).repeat(5));
  });

  it('inflates with the whole window of 32 KiB, over messages', async () => {
    const { log } = await meet();
    const far = createDeflateRaw({ windowBits: 15, level: 9 });
    const texts = [prose(16_000, 7), prose(15_000, 8), prose(16_000, 7)];
    for (const text of texts) met.send([0xc1, (await compressedBy(far, text)).subarray(0, -4)]);
    await until(() => log.texts.length === 3);
    expect(log.texts).toEqual(texts);
  });

  it('fails with 1002 when RSV1 stands on a control frame or a later fragment', async () => {
    for (const frames of [
      [[0xc9, 'x']],
      [[0xc8, '']],
      [[0xca, '']],
      [
        [0x41, ''],
        [0xc0, ''],
      ],
      [
        [0x01, ''],
        [0x40, ''],
      ],
    ] as Array<Array<[number, string]>>) {
      await meet();
      met.send(...frames);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'reserved_bits' });
      await met.stop();
    }
    await meet();
    met.send([0xa1, '']);
    expect(await met.failed()).toEqual({ sent: 1002, error: 'reserved_bits' });
  });

  it('fails with 1007 on data that is not DEFLATE, and on text that does not inflate to UTF-8', async () => {
    await meet();
    met.send([0xc2, hex('ff ff ff ff')]);
    expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_deflate' });
    await met.stop();
    await meet();
    met.send([0xc1, deflateRawSync(hex('61 ed a0 80'), SYNC).subarray(0, -4)]);
    expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
  });

  it('fails with 1009 on a message that inflates beyond its limit', async () => {
    await meet('', { maxMessageBytes: 65_536 });
    met.send([0xc2, deflateRawSync(Buffer.alloc(6 * 1_048_576), SYNC).subarray(0, -4)]);
    expect(await met.failed()).toEqual({ sent: 1009, error: 'message_too_big' });
    expect(met.log.binaries).toEqual([]);
  });

  it('sends RSV1 on the first frame only, without the empty block at the end', async () => {
    const { connection, wire } = await meet();
    const text = prose(5000);
    connection.sendText(text);
    connection.ping();
    connection.sendBinary(Buffer.from(text));
    const frames = await wire.framesOf(3);
    expect(frames.map(({ first }) => first)).toEqual([0x89, 0xc1, 0xc2]);
    for (const { payload } of frames.slice(1)) expect(payload.subarray(-4)).not.toEqual(TAIL);
    expect(inflateRawSync(Buffer.concat([frames[1]!.payload, TAIL]), SYNC).toString()).toBe(text);
  });

  it('sends without RSV1 what it does not compress', async () => {
    const { connection, wire } = await meet('', {}, { thresholdBytes: 100 });
    connection.sendText('short');
    connection.sendText(prose(500), { compress: false });
    const frames = await wire.framesOf(2);
    expect(frames.map(({ first }) => first)).toEqual([0x81, 0x81]);
    expect(frames[0]!.payload.toString()).toBe('short');
  });

  it('begins each message with an empty window when that was agreed', async () => {
    const { connection, wire } = await meet(`; ${own}_no_context_takeover`);
    for (let i = 0; i < 3; i++) connection.sendText(prose(2000));
    const payloads = (await wire.framesOf(3)).map(({ payload }) => payload);
    for (const payload of payloads) {
      expect(inflateRawSync(Buffer.concat([payload, TAIL]), SYNC).toString()).toBe(prose(2000));
    }
  });

  it('keeps its window between messages when that was agreed', async () => {
    const { connection, wire } = await meet();
    const far = createInflateRaw();
    for (let i = 0; i < 3; i++) connection.sendText(prose(2000));
    const payloads = (await wire.framesOf(3)).map(({ payload }) => payload);
    expect(payloads[1]!.length).toBeLessThan(payloads[0]!.length / 4);
    let inflated = '';
    far.on('data', (chunk) => {
      inflated += chunk;
    });
    for (const payload of payloads) far.write(Buffer.concat([payload, TAIL]));
    await until(() => inflated.length === 6000);
    expect(inflated).toBe(prose(2000).repeat(3));
  });

  it('uses no window larger than agreed', async () => {
    for (const bits of [8, 9, 12]) {
      const { connection, wire } = await meet(ownBits(bits));
      const texts = [prose(9000, 3), prose(9000, 3), prose(9000, 4)];
      for (const text of texts) connection.sendText(text);
      const far = createInflateRaw({ windowBits: bits });
      let inflated = '';
      let fault: unknown;
      far.on('data', (chunk) => {
        inflated += chunk;
      });
      // zlib refuses a distance beyond its window.
      far.on('error', (error) => {
        fault = error;
      });
      for (const { payload } of await wire.framesOf(3)) far.write(Buffer.concat([payload, TAIL]));
      await until(() => fault !== undefined || inflated.length >= 27_000);
      expect(fault).toBeUndefined();
      expect(inflated).toBe(texts.join(''));
      await met.stop();
    }
  });

  it('inflates each message with an empty window when the peer does not keep its own', async () => {
    const { log } = await meet(`; ${peer}_no_context_takeover`);
    const bytes = deflateRawSync('Hello', SYNC).subarray(0, -4);
    for (let i = 0; i < 3; i++) met.send([0xc1, bytes]);
    await until(() => log.texts.length === 3);
    expect(log.texts).toEqual(['Hello', 'Hello', 'Hello']);
  });
});

async function compressedBy(far: ReturnType<typeof createDeflateRaw>, text: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer): void => void chunks.push(chunk);
  far.on('data', keep);
  await new Promise<void>((resolve) => {
    far.write(text);
    far.flush(constants.Z_SYNC_FLUSH, resolve);
  });
  far.off('data', keep);
  return Buffer.concat(chunks);
}
