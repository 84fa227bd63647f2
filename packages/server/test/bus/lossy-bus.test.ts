import { settled } from '@longwire/test-support/until';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { channels, LossyCluster, users } from './lossy-cluster.js';

const node = fc.nat({ max: 1 });
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      channel: fc.nat({ max: channels.length - 1 }),
      key: fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined }),
      session: fc.nat({ max: 3 }),
      count: fc.integer({ min: 1, max: 4 }),
      /** How far it comes in this step. */
      until: fc.constantFrom('given' as const, 'committed' as const, 'answered' as const, 'answered' as const),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('carry' as const),
      node,
      index: fc.nat({ max: 5 }),
      fate: fc.constantFrom('deliver' as const, 'deliver' as const, 'repeat' as const, 'lose' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('beat' as const), node }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      node,
      isFailing: fc.integer({ max: 9 }).map((n) => n === 0),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 20, 60, 4_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      node,
      user: fc.nat({ max: users.length - 1 }),
      capacity: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('askHead' as const),
      node,
      channel: fc.nat({ max: channels.length - 1 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('drain' as const),
      node,
      session: fc.nat({ max: 5 }),
      count: fc.integer({ min: 1, max: 10 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function take(cluster: LossyCluster, next: Step): Promise<void> {
  const chosen = cluster.nodes['node' in next && next.node === 1 ? 1 : 0];
  switch (next.do) {
    case 'send':
      for (let count = 0; count < next.count; count += 1) cluster.send(channels[next.channel]!, next);
      if (next.until === 'given') return;
      await settled();
      await cluster.log.commit();
      if (next.until === 'answered') cluster.log.answer();
      return;
    case 'commit':
      return cluster.log.commit();
    case 'answer':
      return cluster.log.answer();
    case 'break':
      return cluster.log.break();
    case 'carry':
      return cluster.carry(chosen, next.index, next.fate);
    case 'beat':
      return cluster.beat(chosen);
    case 'read':
      return chosen.answerRead(next.isFailing);
    case 'wait':
      return cluster.clock.advance(next.ms);
    case 'open':
      void chosen.open(users[next.user]!, next.capacity);
      return;
    case 'askHead':
      void chosen.askHead(channels[next.channel]!);
      return;
    case 'drain': {
      const session = chosen.sessions[next.session];
      if (session !== undefined) cluster.drain(session, next.count);
    }
  }
}

it('every reader is shown 1..n once and in order, and every send settles in its place, over a bus that loses, repeats and reorders', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80 }), async (steps) => {
      const cluster = await LossyCluster.open();
      for (const next of steps) {
        await take(cluster, next);
        await settled();
      }
      await cluster.settle();
      await cluster.check();
      expect(cluster.faults).toEqual([]);
    }),
    { numRuns: 150 },
  );
}, 120_000);
