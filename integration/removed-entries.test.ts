// Entries that were removed from the log, as clients see it: a gap in their place, on every way to a reader.

import { connect, type Gap, type LongwireMessage } from '@longwire/client';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directChannel } from '../packages/server/src/channel/channel.js';
import type { MaintenanceStep } from '../packages/server/src/storage/maintenance.js';
import { openSqliteStore } from '../packages/server/src/storage/sqlite/sqlite-store.js';

const channel = directChannel('alice' as never, 'bob' as never);
let server: TestServer;

/** On the folder of a server that has stopped, which is then started again. */
async function maintain(...steps: MaintenanceStep[]): Promise<void> {
  await server.stop();
  const store = await openSqliteStore({ folder: server.folder });
  for (const step of steps) {
    let next: MaintenanceStep | undefined = step;
    while (next !== undefined) {
      const progress = await store.log.maintain(next);
      next = progress.isDone ? undefined : progress.next;
    }
  }
  await store.close();
  server = await server.restart();
}

beforeEach(async () => {
  server = await startTestServer();
  const alice = await WireClient.signIn(server.url, 'alice');
  const bob = await WireClient.signIn(server.url, 'bob', { device: 'other' });
  for (let body = 1; body <= 9; body += 1) {
    const [sender, to] = body === 7 ? [bob, 'user/alice'] : [alice, 'user/bob'];
    await sender.ask({ type: 'send', to, body, key: `k${body}` });
  }
  await Promise.all([alice.end(), bob.end()]);
  await maintain(
    { kind: 'trim', channel, through: 2, after: undefined },
    { kind: 'remove', channel, offsets: [4, 5], reason: 'removed' },
    { kind: 'remove', channel, offsets: [9], reason: 'superseded' },
    { kind: 'erase', user: 'bob' as never, after: undefined },
  );
});

afterEach(() => server.remove());

/** Bodies of messages, and gaps. */
const outlineOf = (pushes: readonly WireMessage[]) =>
  pushes.map((push) => (push['type'] === 'gap' ? [push['from'], push['to'], push['reason']] : push['offset']));
const outline = [[1, 2, 'expired'], 3, [4, 5, 'removed'], 6, [7, 7, 'erased'], 8, [9, 9, 'superseded']];

describe('removed entries', () => {
  it.each([false, true])(
    'are gaps in their places among the pushes to a device that was away, with batch %s',
    async (batch) => {
      const bob = await WireClient.signIn(server.url, 'bob', { batch });
      const isOfLog = ({ type }: WireMessage) => type === 'gap' || type === 'message';
      await until(() => bob.received.filter(isOfLog).length === outline.length);
      const pushes = bob.received.filter(isOfLog);
      expect(outlineOf(pushes)).toEqual(outline);
      expect(pushes[2]).toMatchObject({ channel: 'user/alice', from: 4, to: 5, next: 6, epoch: pushes[1]!['epoch'] });
      // Live entries continue behind the last gap.
      const alice = await WireClient.signIn(server.url, 'alice');
      expect(await alice.ask({ type: 'send', to: 'user/bob', body: 10 })).toMatchObject({ type: 'sent', offset: 10 });
      await until(() => bob.received.filter(isOfLog).length === outline.length + 1);
      expect(bob.received.filter(isOfLog).at(-1)).toMatchObject({ offset: 10 });
      await Promise.all([alice.end(), bob.end()]);
    },
  );

  it('are gaps of history, and the channel has no last where the newest was removed', async () => {
    const bob = await WireClient.open(server.url);
    const connected = await bob.ask({ type: 'connect', token: 'dev:bob' });
    expect(connected).toMatchObject({ channels: [{ address: 'user/alice', head: 9, unread: 6 }] });
    expect((connected['channels'] as object[])[0]).not.toHaveProperty('last');
    const page = async (fields: object) => {
      const { entries, more } = await bob.ask({ type: 'history', channel: 'user/alice', ...fields });
      return [outlineOf(entries as WireMessage[]), more];
    };
    expect(await page({})).toEqual([outline, false]);
    expect(await page({ before: 5, limit: 1 })).toEqual([[[4, 4, 'removed']], true]);
    expect(await page({ before: 5, limit: 2 })).toEqual([[[1, 2, 'expired'], 3, [4, 4, 'removed']], false]);
    expect(await page({ after: 4, limit: 2 })).toEqual([[[5, 5, 'removed'], 6], true]);
    await bob.end();
  });

  it('keep their keys: a late repeat is answered as stored, but not of what was erased', async () => {
    const alice = await WireClient.signIn(server.url, 'alice');
    const repeat = { type: 'send', to: 'user/bob', body: 1 };
    expect(await alice.ask({ ...repeat, key: 'k4' })).toMatchObject({ offset: 4, repeated: true });
    expect(await alice.ask({ ...repeat, key: 'k2' })).toMatchObject({ offset: 2, repeated: true });
    const bob = await WireClient.signIn(server.url, 'bob');
    expect(await bob.ask({ ...repeat, to: 'user/alice', key: 'k7' })).toMatchObject({ type: 'sent', offset: 10 });
    await Promise.all([alice.end(), bob.end()]);
  });

  it('reach the app as gap events between the messages, and its client goes on behind them', async () => {
    const seen: unknown[] = [];
    const client = connect({ url: server.httpUrl, getToken: () => 'dev:bob', device: 'app', ackAfterEntries: 1 });
    client.on('message', ({ offset }: LongwireMessage) => void seen.push(offset));
    client.on('gap', ({ from, to, reason }: Gap) => void seen.push([from, to, reason]));
    client.on('error', (error) => void seen.push(error.code));
    await until(() => seen.length === outline.length);
    expect(seen).toEqual(outline);
    const { items } = await client.user('alice').history();
    expect(items.map((item) => ('reason' in item ? [item.from, item.to, item.reason] : item.offset))).toEqual(outline);
    await client.close();
    // The gap at the end was acknowledged as well.
    const again = await WireClient.signIn(server.url, 'bob', { device: 'app' });
    await again.ask({ type: 'ping' });
    expect(again.received.filter(({ type }) => type === 'gap' || type === 'message')).toEqual([]);
    await again.end();
  });
});
