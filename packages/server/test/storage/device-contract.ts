// Devices: the part of the contract that says which one is forgotten when a user has too many.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeviceState } from '../../src/storage/directory.js';
import { append, device, direct, FIRST_AT, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

/** The default. */
const DEVICES_PER_USER = 32;
const MINUTE_MS = 60_000;
const RUNS = 10;
const bob = user('bob');
const channel = direct('alice', 'bob');

export function describeDeviceContract(name: string, create: StoreFactory): void {
  describe(`${name} has at most ${DEVICES_PER_USER} devices of a user`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
      await append(
        tested.store.log,
        Array.from({ length: 10 }, () => message('alice', 'bob')),
      );
    });
    afterEach(async () => {
      await tested.dispose();
    });
    const signIn = (index: number, at: number, inUse: readonly number[] = [], owner = bob) =>
      tested.store.directory.openDevice({
        user: owner,
        device: idOf(index),
        mustExist: { user: false, device: false },
        at,
        inUse: inUse.map(idOf),
        unfinished: undefined,
      });
    /** One after the other, a minute apart. */
    const fill = async (from = 0, direction = 1) => {
      for (let index = from; index < DEVICES_PER_USER; index += 1) {
        expect(await signIn(index, FIRST_AT + direction * index * MINUTE_MS)).toBe('new');
      }
    };
    const acknowledge = (index: number, at: number) => {
      const devices = new Map([[idOf(index), 5]]);
      return tested.store.cursors.write([{ user: bob, channel, read: undefined, delivered: 5, devices }], at);
    };
    const known = async () => {
      const states = await Promise.all(
        Array.from({ length: 50 }, (_, index) => tested.store.directory.findDevice(bob, idOf(index))),
      );
      return states.flatMap((state, index) => (state === 'known' ? [index] : []));
    };

    test('the longest unused is forgotten with its cursors, and comes back as maybe-forgotten', async () => {
      await signIn(0, FIRST_AT);
      await signIn(1, FIRST_AT + MINUTE_MS);
      await acknowledge(1, FIRST_AT + MINUTE_MS);
      await fill(2);
      expect(await signIn(0, FIRST_AT + 40 * MINUTE_MS)).toBe('known');
      expect(await signIn(32, FIRST_AT + 41 * MINUTE_MS)).toBe('maybe-forgotten');
      expect(await signIn(0, FIRST_AT + 42 * MINUTE_MS)).toBe('known');
      expect(await tested.store.directory.findDevice(bob, idOf(1))).toBe('maybe-forgotten');
      expect(await signIn(1, FIRST_AT + 43 * MINUTE_MS)).toBe('maybe-forgotten');
      const { channels } = await tested.store.directory.channelStatuses(bob, idOf(1), undefined, 10);
      expect(channels[0]?.cursor).toBeUndefined();
    });

    test('a device in use is not forgotten, however long ago it signed in', async () => {
      await fill();
      for (let index = 32; index < 50; index += 1) {
        expect(await signIn(index, FIRST_AT + index * MINUTE_MS, [0, 5])).toBe('maybe-forgotten');
      }
      expect(await known()).toEqual([0, 5, ...range(20, 50)]);
    });

    test('openDevice returns all-in-use when no other device may be forgotten, and forgets none', async () => {
      await fill();
      const all = range(0, DEVICES_PER_USER);
      expect(await signIn(40, FIRST_AT, all)).toBe('all-in-use');
      expect(await signIn(3, FIRST_AT, all)).toBe('known');
      expect(await known()).toEqual(all);
      expect(await signIn(40, FIRST_AT, all.slice(1))).toBe('maybe-forgotten');
      expect(await known()).toEqual([...all.slice(1), 40]);
    });

    test('the order is that of use when the clock goes back', async () => {
      await fill(0, -1);
      await signIn(32, FIRST_AT - 100 * MINUTE_MS);
      await signIn(1, FIRST_AT - 101 * MINUTE_MS);
      await signIn(33, FIRST_AT - 102 * MINUTE_MS);
      expect(await known()).toEqual([1, ...range(3, 34)]);
    });

    test('an acknowledgement is use', async () => {
      await fill();
      await acknowledge(0, FIRST_AT + 50 * MINUTE_MS);
      await signIn(32, FIRST_AT + 51 * MINUTE_MS);
      expect(await known()).toEqual([0, ...range(2, 33)]);
    });

    test('any order of sign-ins, at any time of the clock, forgets what a list forgets', async () => {
      const steps = fc.array(
        fc.record({
          index: fc.nat(40),
          minutes: fc.integer({ min: -100, max: 100 }),
          inUse: fc.uniqueArray(fc.nat(40), { maxLength: 20 }),
        }),
        { minLength: 40, maxLength: 100 },
      );
      let owners = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          const owner = user(`owner${owners}`);
          owners += 1;
          const list: number[] = [];
          for (const { index, minutes, inUse } of taken) {
            const others = inUse.filter((other) => other !== index);
            const expected = useInList(list, index, others);
            expect(await signIn(index, FIRST_AT + minutes * MINUTE_MS, others, owner)).toBe(expected);
          }
        }),
        { numRuns: RUNS },
      );
    }, 60_000);
  });
}

/** What a user's devices are, the longest unused first. */
function useInList(list: number[], index: number, inUse: readonly number[]): DeviceState | 'all-in-use' {
  const place = list.indexOf(index);
  const isFull = list.length >= DEVICES_PER_USER;
  const forgotten = list.findIndex((other) => !inUse.includes(other));
  if (place >= 0) list.splice(place, 1);
  else if (isFull && forgotten < 0) return 'all-in-use';
  else if (isFull) list.splice(forgotten, 1);
  list.push(index);
  return place >= 0 ? 'known' : isFull ? 'maybe-forgotten' : 'new';
}

function idOf(index: number) {
  return device(`d${index}`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
