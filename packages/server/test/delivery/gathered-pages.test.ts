import type { UserId } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { GatheredPages } from '../../src/delivery/page-source.js';
import { ServerError } from '../../src/errors.js';
import type { Page, PageRequest } from '../../src/storage/message-log.js';

function requestFor(peer: number): PageRequest {
  const channel = directChannel('alice' as UserId, `peer${peer}` as UserId);
  return { channel, direction: 'after', offset: 0, limit: 1, maxBytes: 1 };
}

const pageOf = ({ channel }: PageRequest): Page => {
  return { channel, epoch: undefined, head: 0, base: 0, items: [], more: false };
};

describe('GatheredPages', () => {
  it('asks for the pages of one turn in calls of at most 8, and answers each request', async () => {
    const calls: number[] = [];
    const source = new GatheredPages({
      pages: async (requests) => {
        calls.push(requests.length);
        return requests.map(pageOf);
      },
    });
    const requests = Array.from({ length: 19 }, (_, index) => requestFor(index));
    const pages = await Promise.all(requests.map((request) => source.page(request)));
    expect(pages.map(({ channel }) => channel)).toEqual(requests.map(({ channel }) => channel));
    expect(calls).toEqual([8, 8, 3]);
    await source.page(requestFor(1));
    expect(calls).toEqual([8, 8, 3, 1]);
  });

  it('rejects the request whose page cannot be read, and all of a call that fails', async () => {
    const damaged = new ServerError('corrupt', 'damaged');
    let isClosed = false;
    const source = new GatheredPages({
      pages: async (requests) => {
        if (isClosed) throw new ServerError('closed', 'closed');
        return requests.map((request, index) => (index === 1 ? damaged : pageOf(request)));
      },
    });
    const outcomes = await Promise.allSettled([0, 1, 2].map((peer) => source.page(requestFor(peer))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: damaged });
    isClosed = true;
    const closed = [0, 1].map((peer) => source.page(requestFor(peer)));
    for (const page of closed) await expect(page).rejects.toMatchObject({ code: 'closed' });
    await settled();
  });
});
