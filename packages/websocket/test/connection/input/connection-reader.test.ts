import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainDeflate } from '../../support/deflate.js';
import { cut, maskedFrame } from '../../support/hex.js';
import { type Heard, Reading } from '../../support/reading.js';

const frame = fc
  .record({
    first: fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0xc1, 0xc2, 0x41, 0x89, 0x8a, 0x88),
    payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 60 })),
  })
  .map(({ first, payload }) => maskedFrame(first, payload));

/** What inflates to text or nearly text, near the limit of 300 bytes, in one stream or several that end. */
const inflatable = fc
  .array(
    fc.record({
      unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.uint8Array({ maxLength: 4 })),
      times: fc.nat(120),
      ends: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map(({ unit, times, ends }) =>
        deflateRawSync(Buffer.concat(Array<Buffer>(times).fill(Buffer.from(unit))), {
          finishFlush: ends ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
        }),
      ),
    ),
  );

const compressedFrame = fc
  .record({ first: fc.constantFrom(0xc1, 0xc2, 0x41, 0x42), payload: inflatable })
  .map(({ first, payload }) => maskedFrame(first, payload));

const mutation = fc.record({ at: fc.nat(), bit: fc.nat(7), drop: fc.boolean() });

function mutate(bytes: Buffer, mutations: ReadonlyArray<{ at: number; bit: number; drop: boolean }>): Buffer {
  let result = Buffer.from(bytes);
  for (const { at, bit, drop } of mutations) {
    if (result.length === 0) return result;
    const index = at % result.length;
    if (drop) result = Buffer.concat([result.subarray(0, index), result.subarray(index + 1)]);
    else result[index] = result[index]! ^ (1 << bit);
  }
  return result;
}

/**
 * zlib does not say what it made of a piece before it failed. So data that is not deflate, and beside that not UTF-8 or too
 * big, may fail as either, by what came in one piece.
 */
function isSameEnd(heard: readonly Heard[], other: readonly Heard[]): boolean {
  const errors = [heard, other].map((events) => events.at(-1)).map((end) => (end && 'error' in end ? end.error : ''));
  return errors[0] === errors[1] || (errors.includes('invalid_deflate') && !errors.includes(''));
}

const isNoError = (event: Heard): boolean => !('error' in event);

it.each([false, true])(
  'never throws on mutated streams, says nothing after an error, and says the same for any chunking (deflate: %s)',
  (isCompressed) => {
    fc.assert(
      fc.property(
        fc.array(isCompressed ? fc.oneof(frame, compressedFrame) : frame, { minLength: 1, maxLength: 8 }),
        fc.array(mutation, { maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, mutations, cuts) => {
          const bytes = mutate(Buffer.concat(frames), mutations);
          const read = (chunks: readonly Uint8Array[]): Reading['heard'] => {
            const deflate = isCompressed ? plainDeflate() : undefined;
            const { heard, reader } = new Reading('server', { maxMessageBytes: 300 }, deflate).push(...chunks);
            reader.stop();
            deflate?.release();
            return heard;
          };
          const heard = read([bytes]);
          const end = heard.findIndex((event) => 'error' in event || 'close' in event);
          if (end >= 0) expect(end).toBe(heard.length - 1);
          const inPieces = read(cut(bytes, cuts));
          expect(inPieces.filter(isNoError)).toEqual(heard.filter(isNoError));
          if (!isSameEnd(heard, inPieces)) expect(inPieces).toEqual(heard);
        },
      ),
      { numRuns: 1500 },
    );
  },
);
