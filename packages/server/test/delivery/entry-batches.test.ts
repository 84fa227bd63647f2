import { type Epoch, fieldLimits, type UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { makeEntry } from '../../src/channel/entry.js';
import { EntryPushes, GapPushes, type Viewpoint } from '../../src/delivery/encoded-push.js';
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

/** A page by the widths of its gaps and the body lengths of its entries. */
const page = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ length: fc.integer({ min: 1, max: 30_000 }) }) },
      { weight: 1, arbitrary: fc.record({ width: fc.integer({ min: 1, max: 5 }) }) },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    let offset = 0;
    return steps.map((step) => {
      const from = offset + 1;
      offset += 'width' in step ? step.width : 1;
      if ('length' in step) return pushesAt(offset, JSON.stringify('x'.repeat(step.length)));
      return new GapPushes({ from, to: offset, reason: 'removed' }, channel, 'k3' as Epoch);
    });
  });

type Item = EntryPushes | GapPushes;

/** What of a page is due to a reader, by the plainest way. */
function dueOf(items: readonly Item[], after: number, head: number): Item[] {
  const due = items.filter(({ from, to }) => Math.max(from, after + 1) <= Math.min(to, head));
  return due.map((item) => (item instanceof GapPushes ? item.within(after + 1, head) : item));
}

describe('EntryBatches', () => {
  it('several gives every entry and gap after the position and up to the head once, in messages of at most batchBytes', () => {
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
        const due = dueOf(entries, after, head);
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
        expect(offsets).toEqual(dueOf(entries, after, head).map(({ to }) => to));
      }),
      { numRuns: 300 },
    );
  });
});
