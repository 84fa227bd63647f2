import type { Epoch, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import type { EncodedPush } from '../../src/delivery/encoded-push.js';
import { Hub } from '../../src/delivery/hub.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { PAGE_RETRY_MS, pacedPages } from '../../src/delivery/page-source.js';
import { ServerError } from '../../src/errors.js';
import type { Page } from '../../src/storage/message-log.js';
import { hubAudience } from './hub-audience.js';

const bob = 'bob' as UserId;
const channel = directChannel('alice' as UserId, bob);
const epoch = 'e1' as Epoch;

/** Somebody at the start of a channel with five entries, whose pages are what `read` says. */
function openReader(read: () => Promise<Page>) {
  const texts: string[] = [];
  const errors: unknown[] = [];
  let reads = 0;
  const hub = new Hub(
    {
      pages: {
        page: () => {
          reads += 1;
          return read();
        },
      },
      onPageError: (error) => errors.push(error),
      receiptsOf: async () => [],
      readOf: () => 0,
      hidesReceipts: () => false,
      onRingEmptied: () => undefined,
      ...hubAudience(),
      room: { freeBytes: 1_000_000, noteShared: () => {} },
    },
    { allRingsBytes: 1_000_000, shareFrom: 8, receiptMembers: 32 },
  );
  const reader = hub.enter({
    user: bob,
    offer: (push: EncodedPush) => {
      texts.push(push.payload as string);
      return true;
    },
    codec: jsonCodec,
    takesBatches: false,
    notify: () => undefined,
    offerOrDrop: () => undefined,
    follow: () => false,
    unfollow: () => {},
  });
  const stay = { dueFrom: 1, visibleFrom: 1, left: undefined };
  const status = { channel, epoch, head: 5, base: 0, ...stay, cursor: 0, read: 0, recency: 1 };
  hub.compare(reader, [status], () => ({ position: 0, gap: undefined }));
  hub.finishOpening(reader);
  return { hub, texts, errors, reads: () => reads };
}

describe('a reader of pages that cannot be read', () => {
  it('gets one gap up to the head if nothing of the channel can be read, and is then at the tail', async () => {
    const { hub, texts, errors, reads } = openReader(() => Promise.reject(new ServerError('corrupt', 'damaged')));
    await settled();
    expect(texts.map((text) => JSON.parse(text))).toEqual([
      { type: 'gap', channel: 'user/alice', epoch, from: 1, to: 5, next: 6, reason: 'unreadable' },
    ]);
    expect([errors.length, reads(), hub.tailsKept]).toEqual([1, 1, 0]);
  });

  it('asks again after PAGE_RETRY_MS if the reason may pass', async () => {
    const clock = new ManualClock();
    let failures = 2;
    const page: Page = {
      channel,
      epoch,
      head: 5,
      base: 5,
      items: [{ from: 1, to: 5, reason: 'expired' }],
      more: false,
    };
    const source = {
      page: async () => {
        failures -= 1;
        if (failures >= 0) throw new ServerError('fatal', 'disk I/O error');
        return page;
      },
    };
    const { texts, errors } = openReader(() =>
      pacedPages(source, clock).page({ channel, direction: 'after', offset: 0, limit: 1, maxBytes: 1 }),
    );
    await settled();
    expect([errors.length, clock.timers]).toEqual([0, 1]);
    clock.advanceSync(PAGE_RETRY_MS);
    await settled();
    expect([errors.length, clock.timers, texts.length]).toEqual([1, 1, 0]);
    clock.advanceSync(PAGE_RETRY_MS);
    await settled();
    expect(errors).toHaveLength(2);
    expect(texts.map((text) => JSON.parse(text))).toMatchObject([{ type: 'gap', to: 5, reason: 'expired' }]);
  });
});
