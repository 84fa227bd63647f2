import type { GroupId, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { directChannel, groupChannel } from '../../src/channel/channel.js';
import type { Stay } from '../../src/channel/membership.js';
import { GroupAccess } from '../../src/messaging/group-access.js';
import { StoreTurns } from '../../src/messaging/store-turns.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';

const [alice, bob] = ['alice', 'bob'] as UserId[];
const stay = { joined: 1, role: 'member', dueFrom: 1, visibleFrom: 1 } as const;

describe('GroupAccess.reachesOf', () => {
  it('asks the store for 500 groups in five calls, and has the newest offset of each in the order asked', async () => {
    const calls: number[] = [];
    const log = {
      stays: async (_user: UserId, channels: readonly { readonly key: unknown }[]): Promise<readonly Stay[][]> => {
        calls.push(channels.length);
        return channels.map(({ key }) => {
          if (key === groupChannel('g0' as GroupId).key) return [{ ...stay, left: undefined }];
          return key === groupChannel('g499' as GroupId).key ? [{ ...stay, left: 7 }] : [];
        });
      },
    };
    const access = new GroupAccess({ peek: () => undefined }, log, new StoreTurns(1_000, new RefusalCounter()));
    const groups = Array.from({ length: 500 }, (_, n) => groupChannel(`g${n}` as GroupId));
    const reaches = await access.reachesOf(alice!, [directChannel(alice!, bob!), ...groups]);
    expect(calls).toEqual([100, 100, 100, 100, 100]);
    expect([reaches[0], reaches[1], reaches[2], reaches[500]]).toEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
      undefined,
      7,
    ]);
  });

  it('is synchronous where no group is concerned', () => {
    const log = { stays: () => Promise.reject(new Error('the store was asked')) };
    const access = new GroupAccess({ peek: () => undefined }, log, new StoreTurns(1_000, new RefusalCounter()));
    expect(access.reachesOf(alice!, [directChannel(alice!, bob!)])).toEqual([Number.MAX_SAFE_INTEGER]);
  });
});
