import { type Epoch, fieldLimits, type UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { makeEntry } from '../../src/channel/entry.js';
import { EntryPushes, type Viewpoint } from '../../src/delivery/encoded-push.js';
import { EntryBatches } from '../../src/delivery/entry-batches.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { contentOf } from '../storage/requests.js';
import { binaryCodec, objectsIn } from './binary-codec.js';

const [alice, bob] = ['alice', 'bob'] as [UserId, UserId];
const viewpoints = [alice, bob].flatMap((user) => [jsonCodec, binaryCodec].map((codec) => ({ user, codec })));
const channel = directChannel(alice, bob);

function pushesAt(offset: number, body: string): EntryPushes {
  const content = { ...contentOf(alice, body), key: `k${offset}` };
  return new EntryPushes(makeEntry(channel, content, { epoch: 'k3' as Epoch, offset, at: offset, messages: offset }));
}

/** Offsets and body lengths of a page: ascending, with holes now and then. */
const page = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 30_000 })), { minLength: 1, maxLength: 12 })
  .map((steps) => {
    let offset = 0;
    return steps.map(([step, length]) => {
      offset += step === 3 ? 2 : 1;
      return pushesAt(offset, JSON.stringify('x'.repeat(length)));
    });
  });

describe('EntryBatches', () => {
  it('several gives every entry after the position and up to the head once, in messages of at most batchBytes', () => {
    fc.assert(
      fc.property(page, fc.nat(14), fc.nat(14), fc.constantFrom(...viewpoints), (entries, after, head, viewpoint) => {
        const batches = new EntryBatches(entries);
        const lines: string[] = [];
        for (let position = after; ; ) {
          const batch = batches.several(viewpoint, position, head);
          expect(batches.several(viewpoint, position, head)).toBe(batch);
          if (batch === undefined) break;
          const { payload } = batch.push;
          const objects = objectsIn(payload, viewpoint.codec);
          if (objects.length > 1) expect(payload.length).toBeLessThanOrEqual(fieldLimits.batchBytes);
          lines.push(...objects);
          expect(batch.to).toBeGreaterThan(position);
          position = batch.to;
        }
        const due = entries.filter(({ entry }) => entry.offset > after && entry.offset <= head);
        expect(lines).toEqual(due.flatMap((pushes) => objectsIn(pushes.for(viewpoint).payload, viewpoint.codec)));
      }),
      { numRuns: 300 },
    );
  });

  it('one gives the entries that several joins, one by one', () => {
    fc.assert(
      fc.property(page, fc.nat(14), fc.nat(14), (entries, after, head) => {
        const batches = new EntryBatches(entries);
        const [first] = viewpoints as [Viewpoint];
        const offsets: number[] = [];
        for (
          let batch = batches.one(first, after, head);
          batch !== undefined;
          batch = batches.one(first, batch.to, head)
        ) {
          offsets.push(batch.to);
        }
        const due = entries.map(({ entry }) => entry.offset).filter((offset) => offset > after && offset <= head);
        expect(offsets).toEqual(due);
      }),
      { numRuns: 300 },
    );
  });
});
