import { deflateRawSync } from 'node:zlib';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import type { AgreedDeflateParameters } from '../../src/extension/negotiation.js';
import { PerMessageDeflate } from '../../src/extension/permessage-deflate.js';
import { encodeFrame } from '../../src/frame/frame-encoder.js';
import { resolveWebSocketOptions } from '../../src/options.js';
import { hex } from '../support/hex.js';
import { Reading } from '../support/reading.js';

const TAKEOVER: AgreedDeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const NO_TAKEOVER = { ...TAKEOVER, serverNoContextTakeover: true, clientNoContextTakeover: true };

function deflateFor(role: 'client', agreed: AgreedDeflateParameters = TAKEOVER): PerMessageDeflate {
  const { perMessageDeflate } = resolveWebSocketOptions({ perMessageDeflate: true });
  if (perMessageDeflate === false) throw new Error('compression is on');
  return new PerMessageDeflate(role, agreed, perMessageDeflate);
}

async function settled(reading: Reading, count: number): Promise<Reading['heard']> {
  await until(() => reading.heard.length >= count);
  return reading.heard;
}

describe('how much is inflated at once', () => {
  const mebibyte = 1_048_576;
  const bomb = encodeFrame('server', 0xc2, deflateRawSync(Buffer.alloc(mebibyte), { finishFlush: 2 }).subarray(0, -4));
  const inflated = (readings: readonly Reading[]): number[] =>
    readings.map(({ heard }) =>
      heard.reduce((bytes, event) => bytes + ('part' in event ? event.part.length / 2 : 0), 0),
    );
  const total = (bytes: readonly number[]): number => bytes.reduce((sum, each) => sum + each, 0);

  function readers(count: number, agreed: AgreedDeflateParameters): Reading[] {
    return Array.from({ length: count }, () => {
      const reading = new Reading('client', { maxMessageBytes: 2 * mebibyte }, deflateFor('client', agreed));
      reading.inParts = true;
      return reading;
    });
  }

  it.each([TAKEOVER, NO_TAKEOVER])(
    'inflates at most 128 KiB of a message in this thread, and 512 KiB in a turn',
    async (agreed) => {
      expect(bomb.length).toBeLessThan(1_100);
      const readings = readers(40, agreed);
      for (const reading of readings) reading.push(bomb);
      expect(Math.max(...inflated(readings))).toBeLessThanOrEqual(131_072);
      expect(total(inflated(readings))).toBeLessThanOrEqual(524_288);
      // Those for which nothing was left in this turn continue in the next ones, no more of them in each.
      let before = total(inflated(readings));
      while (inflated(readings).some((bytes) => bytes === 0)) {
        await new Promise((resolve) => setImmediate(resolve));
        const now = total(inflated(readings));
        // What comes from the thread pool, at most four steps in a turn, is not counted.
        expect(now - before).toBeLessThanOrEqual(524_288 + 65_536 * 5);
        before = now;
      }
      const isWhole = ({ heard }: Reading): boolean => {
        const last = heard.at(-1);
        return last !== undefined && 'part' in last && last.isLast;
      };
      await until(() => readings.every(isWhole), 'all messages whole');
      expect(new Set(inflated(readings))).toEqual(new Set([mebibyte]));
    },
  );

  it.each([TAKEOVER, NO_TAKEOVER])(
    'lets a connection end at any moment of a message, whatever works for it',
    async (agreed) => {
      for (let turns = 0; turns < 40; turns++) {
        const deflate = deflateFor('client', agreed);
        const reading = new Reading('client', { maxMessageBytes: 2 * mebibyte }, deflate);
        reading.push(bomb, bomb);
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        const heard = reading.heard.length;
        reading.reader.stop();
        deflate.release();
        await new Promise((resolve) => setImmediate(resolve));
        expect(reading.heard.length).toBe(heard);
      }
      // What was lent out is whole again.
      const reading = new Reading('client', {}, deflateFor('client', agreed)).push(hex('c1 07 f2 48 cd c9 c9 07 00'));
      expect(await settled(reading, 1)).toEqual([{ text: 'Hello' }]);
    },
  );

  it('holds back what comes out of the thread pool while suspended', async () => {
    const reading = new Reading('client', { maxMessageBytes: 2 * mebibyte }, deflateFor('client'));
    reading.inParts = true;
    reading.push(bomb);
    for (let pauses = 0; pauses < 12; pauses++) {
      reading.reader.suspend();
      const { length } = reading.heard;
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(reading.heard.length).toBe(length);
      reading.reader.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => inflated([reading])[0] === mebibyte);
  });

  it('fails a message that goes wrong in the thread pool with 1007', async () => {
    const good = deflateRawSync(Buffer.alloc(400_000), { finishFlush: 2 });
    const client = new Reading('client', {}, deflateFor('client'));
    client.push(encodeFrame('server', 0xc2, Buffer.concat([good, Buffer.from('ffffff', 'hex')])));
    expect(await settled(client, 1)).toEqual([{ error: 'invalid_deflate', closeCode: 1007 }]);
  });
});
