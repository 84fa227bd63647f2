import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compactLast, forgetJoinedPieces, WriteQueue } from '../../../src/connection/output/write-queue.js';

function bytesOf(taken: Buffer | Buffer[] | undefined): Buffer {
  return Array.isArray(taken) ? Buffer.concat(taken) : (taken ?? Buffer.alloc(0));
}

it('gives the very buffer back when nothing else waits', () => {
  const queue = new WriteQueue();
  const piece = Buffer.from('a');
  queue.push(piece);
  expect(queue.take(100)).toBe(piece);
  expect(queue.take(100)).toBeUndefined();
});

it('WriteQueue gives queues with the same pieces in one round the same joined buffer', () => {
  const pieces = [Buffer.from('a'), Buffer.from('b')];
  const take = (): Buffer | Buffer[] | undefined => {
    const queue = new WriteQueue();
    for (const piece of pieces) queue.push(piece);
    return queue.take(100);
  };
  const first = take();
  expect(bytesOf(first).toString()).toBe('ab');
  expect(take()).toBe(first);
  forgetJoinedPieces();
  expect(take()).not.toBe(first);
});

it('puts urgent frames ahead, but not inside a frame that has begun', () => {
  const queue = new WriteQueue();
  queue.push(Buffer.from('aaaa'));
  queue.push(Buffer.from('bbbb'));
  expect(bytesOf(queue.take(2)).toString()).toBe('aa');
  queue.pushUrgent(Buffer.from('P'));
  expect(bytesOf(queue.take(100)).toString()).toBe('aaPbbbb');
});

it('keeps the rest of a frame that has begun when all else is dropped', () => {
  const queue = new WriteQueue();
  queue.push(Buffer.from('aaaa'));
  queue.push(Buffer.from('bbbb'));
  queue.take(3);
  queue.drop();
  expect(queue.byteLength).toBe(1);
  queue.push(Buffer.from('C'));
  expect(bytesOf(queue.take(100)).toString()).toBe('aC');
});

type Step =
  | { readonly push: number }
  | { readonly pair: number }
  | { readonly urgent: number }
  | { readonly take: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ pair: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ urgent: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ take: fc.integer({ min: 1, max: 20 }) }),
);

it('never loses, cuts into or reorders frames, whatever the order of pushes and takes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new WriteQueue();
      const [pushed, urgent]: [string[], string[]] = [[], []];
      let output = '';
      let frames = 0;
      // Each frame is '<', its number as letters, '>': a frame inside another one would show.
      const frame = (kind: string, bytes: number): string => `<${kind}${String(frames++)}${'.'.repeat(bytes)}>`;
      for (const action of steps) {
        if ('push' in action) {
          pushed.push(frame('d', action.push));
          queue.push(Buffer.from(pushed.at(-1)!));
        } else if ('pair' in action) {
          pushed.push(frame('d', action.pair));
          const bytes = Buffer.from(pushed.at(-1)!);
          queue.pushFrame(bytes.subarray(0, 2), bytes.subarray(2));
        } else if ('urgent' in action) {
          urgent.push(frame('u', action.urgent));
          queue.pushUrgent(Buffer.from(urgent.at(-1)!));
        } else {
          const taken = bytesOf(queue.take(action.take));
          expect(taken.length).toBeLessThanOrEqual(action.take);
          output += taken.toString();
        }
      }
      output += bytesOf(queue.take(1_000_000)).toString();
      expect(queue.byteLength).toBe(0);
      const written = output.match(/<[^<>]*>/g) ?? [];
      expect(written.join('')).toBe(output);
      expect(written.filter((text) => text[1] === 'd')).toEqual(pushed);
      expect(written.filter((text) => text[1] === 'u')).toEqual(urgent);
    }),
    { numRuns: 500 },
  );
});

it('holds many small pieces as few large ones, without a byte lost', () => {
  const queue = new WriteQueue();
  let pushed = '';
  for (let n = 0; n < 5_000; n++) {
    const text = `<${n}>`;
    pushed += text;
    if (n % 7 === 0) queue.pushFrame(Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1)));
    else queue.push(Buffer.from(text));
    if (n === 3_000) {
      const taken = bytesOf(queue.take(1_001)).toString();
      expect(pushed.startsWith(taken)).toBe(true);
      pushed = pushed.slice(taken.length);
    }
  }
  const taken = queue.take(1_000_000);
  expect(bytesOf(taken).toString()).toBe(pushed);
});

/** Makes Node begin a new block for pooled buffers. */
function fillPool(): void {
  for (let n = 0; n < 4; n++) Buffer.allocUnsafe(Buffer.poolSize / 4);
}

function retainedBytes(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const memory of new Set(pieces.map((piece) => piece.buffer))) bytes += memory.byteLength;
  return bytes;
}

it.each([2, 32, 60, 200, 4_000])('compactLast joins pooled pieces of %d bytes until they keep little more', (size) => {
  const pieces: Buffer[] = [];
  const expected: Buffer[] = [];
  for (let n = 0; n < 512; n++) {
    const piece = Buffer.from(randomBytes(size));
    pieces.push(piece);
    expected.push(piece);
    fillPool();
    if (n % 32 === 31) compactLast(pieces, 32);
  }
  expect(Buffer.concat(pieces).equals(Buffer.concat(expected))).toBe(true);
  expect(retainedBytes(pieces)).toBeLessThanOrEqual(4 * 512 * size);
});

it('compactLast keeps large pieces, and payloads that follow their header, as they are', () => {
  const large = [Buffer.alloc(2_000), Buffer.alloc(70_000)];
  const pieces = [...large, Buffer.from('a'), Buffer.from('b')];
  compactLast(pieces, 4);
  expect(pieces).toEqual([...large, Buffer.from('ab')]);
  expect(pieces[0]).toBe(large[0]);

  const queue = new WriteQueue();
  const payload = Buffer.alloc(70_000).subarray(0, 5_000);
  queue.push(Buffer.from('first'));
  queue.pushFrame(Buffer.from('header'), payload);
  for (let n = 0; n < 32; n++) queue.push(Buffer.from('next'));
  queue.compactIfNeeded();
  // The header is written, so nothing may come before its payload.
  expect(bytesOf(queue.take(11)).toString()).toBe('firstheader');
  queue.pushUrgent(Buffer.from('urgent'));
  expect(bytesOf(queue.take(5_006)).subarray(5_000).toString()).toBe('urgent');
});
