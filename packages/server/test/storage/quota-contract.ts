// The part of the contract that says what one user may store and begin.

import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { contentBytes } from '../../src/channel/entry.js';
import type { AppendRequest } from '../../src/storage/message-log.js';
import { type StoreQuotas, unlimitedQuotas } from '../../src/storage/quotas.js';
import { append, appendOne, device, direct, FIRST_AT, type MessageRequest, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A body of 100 bytes, with its quotes. */
const body = JSON.stringify('x'.repeat(98));

export function describeQuotaContract(name: string, create: StoreFactory): void {
  describe(`${name} answers quota, and stores nothing,`, () => {
    let tested: StoreUnderTest;
    afterEach(() => tested.dispose());

    const open = async (quotas: Partial<StoreQuotas>) => {
      tested = await create({ ...unlimitedQuotas, ...quotas });
    };
    /** In a process that was started again, where what is stored survives that. */
    const restart = () => tested.restart?.();
    const send = (from: string, to: string, fields: Parameters<typeof message>[2] = {}) =>
      appendOne(tested.store.log, message(from, to, { body, ...fields }));
    const signIn = (id: string) =>
      tested.store.directory.openDevice({
        user: user(id),
        device: device('phone'),
        mustExist: { user: false, device: false },
        at: FIRST_AT,
        inUse: [],
        unfinished: undefined,
      });
    const acknowledge = (reader: string, peer: string, moved: { delivered?: number; read?: number }) => {
      const devices = new Map(moved.delivered === undefined ? [] : [[device('phone'), moved.delivered]]);
      const write = { user: user(reader), channel: direct(reader, peer), read: undefined, delivered: undefined };
      return tested.store.cursors.write([{ ...write, ...moved, devices }], FIRST_AT);
    };

    test('newPeersPerHour: beyond so many new peers, until the hour is over', async () => {
      await open({ newPeersPerHour: 2 });
      await send('ann', 'p1');
      await send('ann', 'p2', { at: FIRST_AT + 1_000, key: 'k' });
      const third = { at: FIRST_AT + 2_000 };
      const refusal = { outcome: 'quota', quota: 'newPeersPerHour', afterMs: HOUR_MS - 2_000 };
      expect(await send('ann', 'p3', third)).toMatchObject(refusal);
      await restart();
      expect(await send('ann', 'p3', third)).toMatchObject(refusal);
      // Nothing else is refused: known peers, repeats, oneself, others.
      expect(await send('ann', 'p1', third)).toMatchObject({ outcome: 'stored' });
      expect(await send('ann', 'p2', { ...third, key: 'k' })).toMatchObject({ outcome: 'repeated' });
      expect(await send('ann', 'ann', third)).toMatchObject({ outcome: 'stored' });
      expect(await send('p3', 'ann', third)).toMatchObject({ outcome: 'stored' });
      expect(await send('ann', 'p4', { at: FIRST_AT + HOUR_MS })).toMatchObject({ outcome: 'stored' });
    });

    test('newPeersPerHour: a peer who has answered is no new peer', async () => {
      await open({ newPeersPerHour: 1 });
      await send('ann', 'p1');
      expect(await send('ann', 'p2')).toMatchObject({ outcome: 'quota' });
      await send('p1', 'ann');
      await send('p1', 'ann');
      await restart();
      expect(await send('ann', 'p2')).toMatchObject({ outcome: 'stored' });
      expect(await send('ann', 'p3')).toMatchObject({ outcome: 'quota' });
    });

    test('newPeersPerDay: beyond so many new peers, until the day is over', async () => {
      await open({ newPeersPerDay: 2, newPeersPerHour: 1 });
      await send('ann', 'p1');
      await send('ann', 'p2', { at: FIRST_AT + HOUR_MS });
      const at = FIRST_AT + 3 * HOUR_MS;
      const refusal = { outcome: 'quota', quota: 'newPeersPerDay', afterMs: DAY_MS - 3 * HOUR_MS };
      expect(await send('ann', 'p3', { at })).toMatchObject(refusal);
      await restart();
      expect(await send('ann', 'p3', { at })).toMatchObject(refusal);
      expect(await send('ann', 'p3', { at: FIRST_AT + DAY_MS })).toMatchObject({ outcome: 'stored' });
    });

    test('channelsPerUser: beyond so many channels that the user began', async () => {
      await open({ channelsPerUser: 2 });
      await send('p1', 'ann');
      await send('ann', 'ann');
      await send('ann', 'p2');
      await restart();
      const refusal = { outcome: 'quota', quota: 'channelsPerUser', afterMs: undefined };
      expect(await send('ann', 'p3')).toMatchObject(refusal);
      expect(await send('ann', 'p1')).toMatchObject({ outcome: 'stored' });
    });

    test('storedBytesPerUser: beyond so many bytes of body and headers', async () => {
      await open({ storedBytesPerUser: 250 });
      await send('ann', 'p1', { key: 'k' });
      await send('ann', 'p2', { headers: '{"a":1}' });
      const refusal = { outcome: 'quota', quota: 'storedBytesPerUser', afterMs: undefined };
      expect(await send('ann', 'p1')).toMatchObject(refusal);
      await restart();
      expect(await send('ann', 'ann')).toMatchObject(refusal);
      expect(await send('ann', 'p1', { key: 'k' })).toMatchObject({ outcome: 'repeated' });
      expect(await send('ann', 'p1', { body: JSON.stringify('x'.repeat(41)) })).toMatchObject({ outcome: 'stored' });
      expect(await send('ann', 'p1', { body: '1' })).toMatchObject(refusal);
      expect(await send('p1', 'ann')).toMatchObject({ outcome: 'stored' });
    });

    test('undeliveredBytesPerPeer: until the recipient acknowledges or reads', async () => {
      await open({ undeliveredBytesPerPeer: 300 });
      await signIn('bob');
      for (let count = 0; count < 3; count += 1) await send('ann', 'bob');
      const refusal = { outcome: 'quota', quota: 'undeliveredBytesPerPeer', afterMs: undefined };
      expect(await send('ann', 'bob')).toMatchObject(refusal);
      expect(await send('bob', 'ann')).toMatchObject({ outcome: 'stored', offset: 4 });
      await acknowledge('bob', 'ann', { delivered: 1 });
      await restart();
      expect(await send('ann', 'bob')).toMatchObject({ outcome: 'stored', offset: 5 });
      expect(await send('ann', 'bob')).toMatchObject(refusal);
      await acknowledge('bob', 'ann', { read: 5 });
      for (let count = 0; count < 3; count += 1) expect(await send('ann', 'bob')).toMatchObject({ outcome: 'stored' });
      expect(await send('ann', 'bob')).toMatchObject(refusal);
      expect(await send('ann', 'carl')).toMatchObject({ outcome: 'stored' });
      expect(await send('bob', 'bob')).toMatchObject({ outcome: 'stored' });
    });

    test('undeliveredBytesToUnseen: until the recipient signs in for the first time', async () => {
      await open({ undeliveredBytesToUnseen: 250 });
      await send('ann', 'bob');
      await send('ann', 'bob');
      const refusal = { outcome: 'quota', quota: 'undeliveredBytesToUnseen', afterMs: undefined };
      expect(await send('ann', 'bob')).toMatchObject(refusal);
      const large = { body: JSON.stringify('x'.repeat(249)) };
      expect(await send('ann', 'eve', large)).toMatchObject(refusal);
      await signIn('bob');
      await restart();
      expect(await send('ann', 'bob')).toMatchObject({ outcome: 'stored', offset: 3 });
      // Nothing was created for the one that was refused.
      expect(await send('ann', 'eve', { mustExist: [user('eve')] })).toMatchObject({ outcome: 'unknown-user' });
    });

    test('for single entries of a batch, each judged after those before it', async () => {
      await open({ channelsPerUser: 1, storedBytesPerUser: 200 });
      const batch = [
        message('ann', 'p1', { body }),
        message('ann', 'p2', { body }),
        message('ann', 'p1', { body }),
        message('ann', 'p1', { body: '1' }),
      ];
      const results = await append(tested.store.log, batch);
      expect(results).toMatchObject([
        { outcome: 'stored', offset: 1 },
        { outcome: 'quota', quota: 'channelsPerUser' },
        { outcome: 'stored', offset: 2 },
        { outcome: 'quota', quota: 'storedBytesPerUser' },
      ]);
    });

    test('in exactly the cases in which counting all that is stored says so, whenever it was started again', {
      timeout: 180_000,
    }, async () => {
      const id = fc.constantFrom('ann', 'bob', 'carl', 'dora');
      const step = fc.oneof(
        {
          weight: 12,
          arbitrary: fc.record({ from: id, to: id, size: fc.integer({ min: 1, max: 60 }), pauseMs: fc.nat(HOUR_MS) }),
        },
        { weight: 1, arbitrary: fc.constant('restart' as const) },
      );
      const quotas = { ...unlimitedQuotas, channelsPerUser: 3, newPeersPerHour: 1, storedBytesPerUser: 400 };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          await open(quotas);
          const stored: MessageRequest[] = [];
          let at = FIRST_AT;
          for (const each of steps) {
            if (each === 'restart') {
              await restart();
              continue;
            }
            at += each.pauseMs;
            const request = message(each.from, each.to, { at, body: JSON.stringify('x'.repeat(each.size)) });
            const result = await appendOne(tested.store.log, request);
            expect(result.outcome).toBe(isAllowed(stored, request, quotas) ? 'stored' : 'quota');
            if (result.outcome === 'stored') stored.push(request);
          }
          await tested.dispose();
        }),
        { numRuns: 8 },
      );
      await open({});
    });
  });
}

/** By reading everything that was stored. */
export function isAllowed(stored: readonly MessageRequest[], request: MessageRequest, quotas: StoreQuotas): boolean {
  const { from } = request.content;
  const own = stored.filter(({ content }) => content.from === from);
  const bytes = [...own, request].reduce((sum, { content }) => sum + contentBytes(content), 0);
  if (bytes > quotas.storedBytesPerUser) return false;
  const isNew = !stored.some(({ channel }) => channel.key === request.channel.key);
  if (!isNew) return true;
  const begun = stored.filter((entry, index) => {
    const isFirst = stored.findIndex(({ channel }) => channel.key === entry.channel.key) === index;
    return isFirst && entry.content.from === from;
  });
  if (begun.length >= quotas.channelsPerUser) return false;
  if (isSelf(request)) return true;
  const peers = begun.filter((first) => !isSelf(first));
  // Hours follow each other: one begins with the first new peer after the one before.
  let hourStart = Number.NEGATIVE_INFINITY;
  for (const { at } of peers) if (at - hourStart >= HOUR_MS) hourStart = at;
  if (request.at - hourStart >= HOUR_MS) return true;
  const unanswered = peers.filter(
    ({ at, channel }) =>
      at >= hourStart && !stored.some((entry) => entry.channel.key === channel.key && entry.content.from !== from),
  );
  return unanswered.length < quotas.newPeersPerHour;
}

function isSelf({ channel }: AppendRequest): boolean {
  return channel.kind === 'direct' && channel.low === channel.high;
}
