// What every storage engine promises, as tests. Each engine's own test file calls this with its factory.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeCursorContract } from './cursor-contract.js';
import { describeDeviceContract } from './device-contract.js';
import { describeFeedContract } from './feed-contract.js';
import { describeGroupQuotaContract } from './group-quota-contract.js';
import { describeKnownIdsContract } from './known-ids-contract.js';
import { describeMaintenanceContract } from './maintenance-contract.js';
import { describeModelContract } from './model-contract.js';
import { describePendingContract } from './pending-contract.js';
import { describePreferenceContract } from './preference-contract.js';
import { describeProfileContract } from './profile-contract.js';
import { describeQuotaContract } from './quota-contract.js';
import { append, appendOne, direct, entriesOf, FIRST_AT, headsOf, message, readLog, user } from './requests.js';
import { describeRightsContract } from './rights-contract.js';
import { describeStandingContract } from './standing-contract.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';
import { describeUserStateContract } from './user-state-contract.js';

export function describeStoreContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps the contract of a store`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });

    test('offsets and counts start at 1 and have no gaps, per channel', async () => {
      const results = await append(tested.store.log, [
        message('alice', 'bob'),
        message('alice', 'carol'),
        message('bob', 'alice'),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stored', offset: 1, messages: 1 },
        { outcome: 'stored', offset: 1, messages: 1 },
        { outcome: 'stored', offset: 2, messages: 2 },
      ]);
      const log = await readLog(tested.store.log, direct('alice', 'bob'));
      expect(log.map(({ offset, from, messages }) => ({ offset, from, messages }))).toEqual([
        { offset: 1, from: 'alice', messages: 1 },
        { offset: 2, from: 'bob', messages: 2 },
      ]);
    });

    test('an entry comes back as it was given', async () => {
      const request = message('zoë', '张三', {
        body: '{"text":"\\u0000 \\ud83d\\ude00 😀","deep":[[[]]]}',
        key: 'key\u0000with nul',
        slot: 'AAPL',
        headers: '{"x":"1"}',
        contentType: 'text/plain',
        replyTo: { epoch: 'earlier-1' as never, offset: 17 },
        bodyFormat: 'base64',
      });
      const result = await appendOne(tested.store.log, request);
      const [entry] = await readLog(tested.store.log, request.channel);
      const { channel, content } = request;
      expect(entry).toEqual({ channel, ...content, ...result, outcome: undefined, seq: undefined });
    });

    test('an answer names its target in the present epoch or in an earlier one', async () => {
      const first = await appendOne(tested.store.log, message('alice', 'bob'));
      if (first.outcome !== 'stored') throw new Error(first.outcome);
      const replyTo = { epoch: first.epoch, offset: first.offset };
      await appendOne(tested.store.log, message('bob', 'alice', { replyTo }));
      expect((await readLog(tested.store.log, direct('alice', 'bob')))[1]?.replyTo).toEqual(replyTo);
    });

    test('a repeated key appends nothing and returns the first position', async () => {
      const first = await appendOne(tested.store.log, message('alice', 'bob', { key: 'k', body: '1' }));
      await appendOne(tested.store.log, message('alice', 'bob', { body: '2' }));
      const again = await appendOne(
        tested.store.log,
        message('alice', 'bob', { key: 'k', body: '3', at: FIRST_AT + 5 }),
      );
      expect(again).toEqual({ ...first, outcome: 'repeated', messages: undefined, seq: 2 });
      expect((await readLog(tested.store.log, direct('alice', 'bob'))).map(({ body }) => body)).toEqual(['1', '2']);
    });

    test('a key repeated within one batch joins the first one', async () => {
      const results = await append(tested.store.log, [
        message('alice', 'bob', { key: 'k' }),
        message('alice', 'bob', { key: 'k' }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stored', offset: 1 },
        { outcome: 'repeated', offset: 1 },
      ]);
    });

    test('a key belongs to its sender and channel', async () => {
      const results = await append(tested.store.log, [
        message('alice', 'bob', { key: 'k' }),
        message('bob', 'alice', { key: 'k' }),
        message('alice', 'carol', { key: 'k' }),
      ]);
      expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'stored']);
    });

    test('a refused sender gets the first position of a known key, and nothing else', async () => {
      await appendOne(tested.store.log, message('alice', 'bob', { key: 'k' }));
      const results = await append(tested.store.log, [
        message('alice', 'bob', { key: 'k', isRefused: true }),
        message('alice', 'bob', { key: 'other', isRefused: true }),
        message('alice', 'nobody', { isRefused: true }),
        message('eve', 'alice', { channel: direct('alice', 'bob'), key: 'k', isRefused: true }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'repeated', offset: 1 },
        { outcome: 'refused' },
        { outcome: 'refused' },
        { outcome: 'refused' },
      ]);
      expect(await headsOf(tested.store.log, [direct('alice', 'bob'), direct('alice', 'nobody')])).toMatchObject([
        { head: 1 },
        { head: 0, epoch: undefined },
      ]);
    });

    test('the time of entries never goes back within a channel', async () => {
      const results = await append(tested.store.log, [
        message('alice', 'bob', { at: FIRST_AT + 10 }),
        message('alice', 'bob', { at: FIRST_AT }),
        message('alice', 'carol', { at: FIRST_AT }),
      ]);
      expect(results).toMatchObject([{ at: FIRST_AT + 10 }, { at: FIRST_AT + 10 }, { at: FIRST_AT }]);
    });

    test('a page after an offset ascends, ends at its limit and says whether there is more', async () => {
      await append(
        tested.store.log,
        Array.from({ length: 5 }, (_, index) => message('alice', 'bob', { body: `${index}` })),
      );
      const channel = direct('alice', 'bob');
      const page = await tested.store.log.page({ channel, direction: 'after', offset: 1, limit: 2, maxBytes: 1_000 });
      expect(page).toMatchObject({ channel, head: 5, base: 0, more: true, items: [{ offset: 2 }, { offset: 3 }] });
      const rest = await tested.store.log.page({ channel, direction: 'after', offset: 3, limit: 2, maxBytes: 1_000 });
      expect(rest).toMatchObject({ more: false, items: [{ offset: 4 }, { offset: 5 }] });
      const end = await tested.store.log.page({ channel, direction: 'after', offset: 5, limit: 2, maxBytes: 1_000 });
      expect(end).toMatchObject({ more: false, items: [] });
    });

    test('a page before an offset has the newest entries below it, ascending', async () => {
      await append(
        tested.store.log,
        Array.from({ length: 5 }, () => message('alice', 'bob')),
      );
      const channel = direct('alice', 'bob');
      const page = await tested.store.log.page({ channel, direction: 'before', offset: 4, limit: 2, maxBytes: 1_000 });
      expect(page).toMatchObject({ more: true, items: [{ offset: 2 }, { offset: 3 }] });
      const end = Number.MAX_SAFE_INTEGER;
      const newest = await tested.store.log.page({
        channel,
        direction: 'before',
        offset: end,
        limit: 9,
        maxBytes: 1_000,
      });
      expect(newest).toMatchObject({ more: false, items: [1, 2, 3, 4, 5].map((offset) => ({ offset })) });
    });

    test('a page ends before the entry that exceeds its bytes, and has at least one', async () => {
      const body = JSON.stringify('é'.repeat(49)); // 100 bytes
      await append(
        tested.store.log,
        Array.from({ length: 30 }, () => message('alice', 'bob', { body })),
      );
      const channel = direct('alice', 'bob');
      const after = await tested.store.log.page({
        channel,
        direction: 'after',
        offset: 0,
        limit: 200,
        maxBytes: 2_099,
      });
      expect([after.items.length, after.more]).toEqual([20, true]);
      const before = await tested.store.log.page({
        channel,
        direction: 'before',
        offset: 30,
        limit: 200,
        maxBytes: 299,
      });
      expect([entriesOf(before.items).map(({ offset }) => offset), before.more]).toEqual([[28, 29], true]);
      const tiny = await tested.store.log.page({ channel, direction: 'after', offset: 0, limit: 200, maxBytes: 1 });
      expect(entriesOf(tiny.items).map(({ offset }) => offset)).toEqual([1]);
    });

    test('pages returns what page returns for each request, in the order asked, and takes 1-64 of them', async () => {
      const { log } = tested.store;
      await append(
        log,
        Array.from({ length: 60 }, (_, index) => message('alice', `peer${index % 3}`, { body: `${index}` })),
      );
      const requests = [2, 0, 1, 3].flatMap((peer) =>
        (['after', 'before'] as const).map((direction) => ({
          channel: direct('alice', `peer${peer}`),
          direction,
          offset: 9 + peer,
          limit: 5,
          maxBytes: 1_000,
        })),
      );
      expect(await log.pages(requests)).toEqual(await Promise.all(requests.map((request) => log.page(request))));
      const many = Array.from({ length: 64 }, () => requests[0]!);
      expect(await log.pages(many)).toHaveLength(64);
      await expect(log.pages([...many, requests[0]!])).rejects.toThrow(RangeError);
      await expect(log.pages([])).rejects.toThrow(RangeError);
    });

    test('a channel that never had an entry has no epoch, no head and no page', async () => {
      const channel = direct('alice', 'bob');
      expect(await headsOf(tested.store.log, [channel])).toEqual([{ channel, epoch: undefined, head: 0, base: 0 }]);
      const page = await tested.store.log.page({ channel, direction: 'after', offset: 0, limit: 10, maxBytes: 1_000 });
      expect(page).toEqual({ channel, epoch: undefined, head: 0, base: 0, items: [], more: false });
    });

    test('a channel with oneself has one member and one side', async () => {
      await append(tested.store.log, [message('alice', 'alice', { key: 'k' }), message('alice', 'alice')]);
      const channel = direct('alice', 'alice');
      const described = await tested.store.directory.describe(user('alice'), [{ channel, read: 0 }], 1_000);
      expect(described).toMatchObject([{ head: 2, unread: 0, last: { offset: 2 }, members: [{ user: 'alice' }] }]);
      expect(described[0]?.members).toHaveLength(1);
    });

    test('batches complete in the order in which they were given, heads after them', async () => {
      const order: string[] = [];
      await Promise.all([
        ...Array.from({ length: 20 }, (_, index) =>
          append(tested.store.log, [message('alice', 'bob')]).then(([result]) => {
            expect(result).toMatchObject({ offset: index + 1 });
            order.push(`${index}`);
          }),
        ),
        headsOf(tested.store.log, [direct('alice', 'bob')]).then(([head]) => {
          expect(order).toHaveLength(head?.head ?? -1);
        }),
      ]);
      expect(order).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
    });

    test('an impossible request is refused with its whole batch, and others go on', async () => {
      const wrong = append(tested.store.log, [
        message('alice', 'bob'),
        message('eve', 'x', { channel: direct('a', 'b') }),
      ]);
      const right = append(tested.store.log, [message('carol', 'bob')]);
      await expect(wrong).rejects.toThrow(TypeError);
      await expect(right).resolves.toMatchObject([{ outcome: 'stored', offset: 1 }]);
      await expect(append(tested.store.log, [])).rejects.toThrow(RangeError);
      expect(await headsOf(tested.store.log, [direct('alice', 'bob')])).toMatchObject([{ head: 0 }]);
    });

    test('after closing every call rejects, and closing again is no fault', async () => {
      await tested.store.close();
      await tested.store.close();
      await expect(append(tested.store.log, [message('alice', 'bob')])).rejects.toMatchObject({ code: 'closed' });
      await expect(headsOf(tested.store.log, [])).rejects.toMatchObject({ code: 'closed' });
    });

    test('closing waits for what was given', async () => {
      const given = append(tested.store.log, [message('alice', 'bob')]);
      await tested.store.close();
      await expect(given).resolves.toMatchObject([{ outcome: 'stored' }]);
    });
  });

  describeCursorContract(name, create);
  describeKnownIdsContract(name, create);
  describeDeviceContract(name, create);
  describeFeedContract(name, create);
  describeQuotaContract(name, create);
  describeGroupQuotaContract(name, create);
  describeRightsContract(name, create);
  describeStandingContract(name, create);
  describeMaintenanceContract(name, create);
  describePendingContract(name, create);
  describePreferenceContract(name, create);
  describeProfileContract(name, create);
  describeUserStateContract(name, create);
  describeModelContract(name, create);
}
