// Predictable masks, and memory that was never written. Rows 24 and 25 of docs/fault-catalogue.md.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settled } from '@longwire/test-support/until';
import { encodeFrame, firstByte, PreparedMessage, resolveWebSocketOptions } from '@longwire/websocket';
import { describe, expect, it } from 'vitest';
import { EngineInMemory } from '../harness/engine-in-memory.js';
import { readFrames } from '../harness/frame-reader.js';
import { FIN, frame, Opcode, pingFrame, textFrame } from '../harness/frame-writer.js';

export interface MaskScale {
  readonly masks: number;
  /** Rounds of all kinds of sends over memory full of markers. */
  readonly memoryRounds: number;
}

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));
const NO_BYTES = Buffer.alloc(0);
/** Looked for in everything that goes out. */
const MARKER = 'NEVER-ON-THE-WIRE';

export function describeMasksAndMemory(scale: MaskScale): void {
  describe('mask keys of the client role', () => {
    it('are evenly distributed and repeat no more often than random keys (row 24)', () => {
      const counts = [0, 1, 2, 3].map(() => new Uint32Array(256));
      const seen = new Set<number>();
      let repeats = 0;
      let previous = -1;
      let isFollowedByItself = false;
      for (let n = 0; n < scale.masks; n++) {
        const bytes = encodeFrame('client', firstByte(Opcode.binary, true, false), NO_BYTES);
        const mask = bytes.readUInt32BE(2);
        for (let at = 0; at < 4; at++) counts[at]![bytes[2 + at]!]!++;
        if (seen.has(mask)) repeats++;
        seen.add(mask);
        if (mask === previous) isFollowedByItself = true;
        previous = mask;
      }
      const expected = scale.masks / 256;
      for (const count of counts) {
        let chiSquared = 0;
        for (const found of count) chiSquared += (found - expected) ** 2 / expected;
        // 255 degrees of freedom: mean 255, standard deviation √510. Seven of them either way cannot be chance.
        expect(chiSquared).toBeGreaterThan(255 - 7 * Math.sqrt(510));
        expect(chiSquared).toBeLessThan(255 + 7 * Math.sqrt(510));
      }
      // The birthday paradox: n² / 2³³.
      expect(repeats).toBeLessThan(5 * (scale.masks ** 2 / 2 ** 33) + 10);
      expect(isFollowedByItself).toBe(false);
    });

    it('are never made with Math.random, which no package uses (row 24)', () => {
      const guilty = sourceFiles(PACKAGES).filter((file) => readFileSync(file, 'utf8').includes('Math.random'));
      expect(guilty).toEqual([]);
    });
  });

  describe('the server role', () => {
    it.each([[[0, 0, 0, 0]], [[255, 255, 255, 255]], [[0, 0, 0, 1]]])(
      'accepts frames with the mask key %j (row 24)',
      async (mask) => {
        const engine = new EngineInMemory(resolveWebSocketOptions({}));
        for (let n = 0; n < 3; n++) engine.feed(frame({ payload: `message ${n}`, mask }));
        engine.feed(frame({ first: FIN | Opcode.ping, payload: 'p', mask }));
        await engine.finish();
        expect(engine.messages).toEqual(['message 0', 'message 1', 'message 2']);
        expect(readFrames(engine.written).map(({ payload }) => String(payload))).toEqual(['p']);
      },
    );
  });

  describe('uninitialised memory', () => {
    it.each([undefined, 'permessage-deflate'])(
      'is never sent by any sending method, with extensions %s (row 25)',
      async (offer) => {
        const options = resolveWebSocketOptions({
          maxBufferedBytes: 256 * 1_048_576,
          perMessageDeflate: { thresholdBytes: 10 },
        });
        for (let round = 0; round < scale.memoryRounds; round++) {
          fillFreedMemory();
          const engine = new EngineInMemory(options, offer);
          sendEverything(engine, round);
          for (let turns = 0; turns < 6; turns++) await settled();
          engine.connection.close(4000, 'the end');
          await engine.finish();
          expect(engine.written.length).toBeGreaterThan(1_000);
          expect(engine.written.includes(MARKER)).toBe(false);
          // Masked or compressed it would look otherwise; but a server masks nothing, and this is what zlib makes of a run.
          expect(engine.written.includes(Buffer.alloc(64, MARKER[0]))).toBe(false);
        }
      },
    );

    it('is not sent when ping, pong, sendBinary or sendText is given a number (row 25)', async () => {
      fillFreedMemory();
      const engine = new EngineInMemory(resolveWebSocketOptions({}));
      const calls = ['ping', 'pong', 'sendBinary', 'sendText'] as const;
      for (const name of calls) {
        try {
          (engine.connection[name] as (payload: unknown) => unknown)(100);
        } catch {
          // Refusing it is as good.
        }
      }
      await engine.finish();
      expect(engine.written.includes(MARKER)).toBe(false);
      expect(engine.written.length).toBeLessThan(100);
    });

    it('is not sent in answer to a ping or to a message that is cut off (row 25)', async () => {
      fillFreedMemory();
      const engine = new EngineInMemory(resolveWebSocketOptions({}));
      engine.feed(pingFrame('x'.repeat(125)));
      engine.feed(textFrame('a'));
      engine.feed(frame({ payload: 'cut', claimedBytes: 60_000n }));
      await engine.finish();
      expect(engine.messages).toEqual(['a']);
      expect(engine.written.includes(MARKER)).toBe(false);
    });
  });
}

/** Leaves the pool of Buffer, and blocks of many sizes, full of markers and free to be given out again. */
function fillFreedMemory(): void {
  for (const bytes of [16, 100, 1_000, 4_000, 9_000, 70_000, 300_000]) {
    for (let n = 0; n < 40; n++) Buffer.allocUnsafe(bytes).fill(MARKER);
  }
}

function sendEverything({ connection }: EngineInMemory, round: number): void {
  for (const bytes of [0, 1, 125, 126, 4_095, 4_096, 4_097, 65_535, 65_536, 200_000 + round]) {
    // Views into the middle of memory that is full of markers.
    const around = Buffer.allocUnsafeSlow(bytes + 2_000).fill(MARKER);
    const view = new Uint8Array(around.buffer, around.byteOffset + 1_000, bytes).fill(7);
    connection.sendBinary(view);
    connection.sendBinary(view, { compress: false });
    connection.sendText('t'.repeat(bytes));
    connection.sendText('ä€😀'.repeat(bytes / 10));
    connection.sendPrepared(PreparedMessage.binary(view));
    connection.sendPrepared(PreparedMessage.join([PreparedMessage.text('p'.repeat(bytes)), PreparedMessage.text('')]));
    if (bytes <= 125) {
      connection.ping(view);
      connection.pong(view);
    }
  }
  const message = connection.startMessage('binary');
  void message.write(new Uint8Array(Buffer.allocUnsafe(3_000).fill(MARKER).buffer, 0, 0));
  void message.write(Buffer.alloc(5_000, 1));
  void message.end();
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => file.includes('/src/') && !file.includes('/node_modules/'));
}
