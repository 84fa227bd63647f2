import type { UserId } from '@longwire/protocol';
import { expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { CommittedHeads } from '../../src/messaging/committed-heads.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import type { MessageLog } from '../../src/storage/message-log.js';
import { methodsOf } from '../storage/requests.js';
import { alice, bob, MessagingFixture } from './messaging-fixture.js';

const unwritten = Array.from({ length: 500 }, (_, n) => directChannel(alice, `nobody-${n}` as UserId));

/** The log of the fixture, and what it was asked for. */
function counted(floor: MessagingFixture): [MessageLog, number[]] {
  const calls: number[] = [];
  const { log } = floor.store;
  const heads: MessageLog['heads'] = (channels) => {
    calls.push(channels.length);
    return log.heads(channels);
  };
  return [{ ...methodsOf(log), heads }, calls];
}

it('ofAll asks the store in slices for what is not in memory, and remembers that channels have no entry', async () => {
  const floor = await MessagingFixture.open();
  const [log, calls] = counted(floor);
  const heads = new CommittedHeads(log, floor.gate, new StoreTurns(100, new RefusalCounter()));
  await heads.ofAll(alice, unwritten);
  expect(calls).toEqual([100, 100, 100, 100, 100]);
  expect(await heads.ofAll(alice, unwritten)).toEqual(unwritten.map(() => ({ epoch: undefined, head: 0 })));
  expect(calls).toHaveLength(5);
});

it('ofAll gives the head of a channel whose first entry was committed while the store was asked', async () => {
  const floor = await MessagingFixture.open();
  const channel = directChannel(alice, bob);
  await floor.heads.of(alice, channel);
  await floor.send();
  expect(floor.heads.peek(channel)).toMatchObject({ head: 1 });
  expect(await floor.heads.ofAll(alice, [channel, unwritten[0]!, channel])).toMatchObject([
    { head: 1 },
    { head: 0 },
    { head: 1 },
  ]);
});

it('ofAll asks once for a channel that several ask for at the same time', async () => {
  const floor = await MessagingFixture.open();
  const [log, calls] = counted(floor);
  const heads = new CommittedHeads(log, floor.gate, new StoreTurns(100, new RefusalCounter()));
  await Promise.all([heads.ofAll(alice, unwritten.slice(0, 3)), heads.ofAll(alice, unwritten.slice(1, 4))]);
  expect(calls.reduce((sum, count) => sum + count, 0)).toBe(4);
});
