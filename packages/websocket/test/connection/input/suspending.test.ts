// A reader that is suspended says nothing until it is resumed, and nothing is lost or told twice.
import { deflateRawSync } from 'node:zlib';
import { until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainDeflate } from '../../support/deflate.js';
import { cut, maskedFrame } from '../../support/hex.js';
import { type Heard, Reading } from '../../support/reading.js';

const limits = { maxMessageBytes: 100_000_000 };

function deflated(payload: Uint8Array): Buffer {
  return deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4);
}

/** A message in one to three frames, compressed or not, that comes out in several parts; control frames between. */
const message = fc
  .record({
    isText: fc.boolean(),
    isCompressed: fc.boolean(),
    unit: fc.string({ unit: 'grapheme', maxLength: 20 }),
    times: fc.constantFrom(0, 1, 100, 5_000),
    splits: fc.array(fc.nat(), { maxLength: 2 }),
    ping: fc.boolean(),
  })
  .map(({ isText, isCompressed, unit, times, splits, ping }) => {
    const payload = Buffer.from(unit.repeat(times));
    const pieces = cut(isCompressed ? deflated(payload) : payload, splits);
    if (pieces.length === 0) pieces.push(Buffer.alloc(0));
    const frames = pieces.map((piece, index) => {
      const first =
        (index === 0 ? (isText ? 1 : 2) + (isCompressed ? 0x40 : 0) : 0) + (index === pieces.length - 1 ? 0x80 : 0);
      return maskedFrame(first, piece);
    });
    return Buffer.concat(ping ? frames.flatMap((frame) => [frame, maskedFrame(0x89, 'p')]) : frames);
  });

/** Messages as wholes, whatever parts they came in; the rest in its order among them. */
function joined(heard: readonly Heard[]): unknown[] {
  const whole: unknown[] = [];
  let parts = '';
  for (const event of heard) {
    if (!('part' in event)) {
      whole.push(event);
    } else {
      parts += event.part;
      if (event.isLast) {
        whole.push({ parts });
        parts = '';
      }
    }
  }
  return whole;
}

/** Control frames overtake the message that is being inflated elsewhere: compared apart. */
function withoutPings(events: readonly unknown[]): unknown[] {
  return events.filter((event) => !Object.hasOwn(event as Heard, 'ping'));
}

describe.each(['auto', 'stream'] as const)('a reader with the %s inflater', (engine) => {
  it('emits nothing while suspended, and continues with the next byte, wherever suspend() was called', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.array(fc.constantFrom('on', 'suspend', 'suspend and resume'), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (messages, cuts, moods, inParts) => {
          const bytes = Buffer.concat([...messages, maskedFrame(0x88, Buffer.from([3, 232]))]);
          const read = async (isDisturbed: boolean): Promise<Reading> => {
            const deflate = plainDeflate(engine);
            const reading = new Reading('server', limits, deflate);
            const { reader, heard } = reading;
            reading.inParts = inParts;
            let isSuspended = false;
            reading.afterEach = () => {
              // The end of TCP is told at once if nothing is unread.
              if (isSuspended) expect(heard.at(-1)).toEqual({ end: true });
              const mood = isDisturbed ? moods[heard.length % moods.length] : 'on';
              if (mood === 'on') return;
              reader.suspend();
              if (mood === 'suspend and resume') {
                reader.resume();
                return;
              }
              isSuspended = true;
              setImmediate(() => {
                isSuspended = false;
                reader.resume();
              });
            };
            reading.push(...(isDisturbed ? cut(bytes, cuts) : [bytes]));
            reader.end();
            await until(() => heard.some((event) => 'end' in event));
            reader.stop();
            deflate.release();
            return reading;
          };
          const [plain, disturbed] = [await read(false), await read(true)];
          expect(disturbed.heard.at(-1)).toEqual({ end: true });
          // Pings pass a message that is being inflated in the thread pool.
          expect(withoutPings(joined(disturbed.heard))).toEqual(withoutPings(joined(plain.heard)));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('does not unfold a compressed message in parts while it is suspended', async () => {
    const deflate = plainDeflate(engine);
    const reading = new Reading('server', limits, deflate);
    reading.inParts = true;
    reading.afterEach = () => reading.reader.suspend();
    const size = 64_000_000;
    reading.push(maskedFrame(0xc2, deflated(Buffer.alloc(size))));
    await until(() => reading.heard.length > 0);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(reading.heard.length).toBe(1);
    reading.afterEach = undefined;
    reading.reader.resume();
    await until(() => reading.heard.some((event) => 'part' in event && event.isLast));
    const bytes = reading.heard.reduce((sum, event) => sum + ('part' in event ? event.part.length / 2 : 0), 0);
    expect(bytes).toBe(size);
    deflate.release();
  });
});
