import { type Epoch, fieldLimits, type UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { makeEntry } from '../../src/channel/entry.js';
import { EntryPushes } from '../../src/delivery/encoded-push.js';
import { EntryBatches } from '../../src/delivery/entry-batches.js';
import { contentOf } from '../storage/requests.js';

const [alice, bob] = ['alice', 'bob'] as [UserId, UserId];
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
      fc.property(page, fc.nat(14), fc.nat(14), fc.constantFrom(alice, bob), (entries, after, head, viewer) => {
        const batches = new EntryBatches(entries);
        const lines: string[] = [];
        for (let position = after; ; ) {
          const batch = batches.several(viewer, position, head);
          expect(batches.several(viewer, position, head)).toBe(batch);
          if (batch === undefined) break;
          const objects = batch.push.text.split('\n');
          if (objects.length > 1) expect(batch.push.text.length).toBeLessThanOrEqual(fieldLimits.batchBytes);
          lines.push(...objects);
          expect(batch.to).toBeGreaterThan(position);
          position = batch.to;
        }
        const due = entries.filter(({ entry }) => entry.offset > after && entry.offset <= head);
        expect(lines).toEqual(due.map((pushes) => pushes.for(viewer).text));
      }),
      { numRuns: 300 },
    );
  });

  it('one gives the entries that several joins, one by one', () => {
    fc.assert(
      fc.property(page, fc.nat(14), fc.nat(14), (entries, after, head) => {
        const batches = new EntryBatches(entries);
        const offsets: number[] = [];
        for (let batch = batches.one(bob, after, head); batch !== undefined; batch = batches.one(bob, batch.to, head)) {
          offsets.push(batch.to);
        }
        const due = entries.map(({ entry }) => entry.offset).filter((offset) => offset > after && offset <= head);
        expect(offsets).toEqual(due);
      }),
      { numRuns: 300 },
    );
  });
});
