// Notifications and announcements: what an admin writes with the SDK, and how it arrives.

import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type LongwireClient, type LongwireMessage } from '../src/index.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ LONGWIRE_DEV_ADMINS: 'crm' });
});
afterAll(() => server.remove());

const connectAs = (user: string): LongwireClient =>
  connect({ url: server.url, device: 'd', getToken: () => `dev:${user}` });

it('notify() and announce() of an admin arrive as messages with `by` in `inbox` and `all`', async () => {
  await using crm = connectAs('crm');
  await using bob = connectAs('bob');
  const received: LongwireMessage[] = [];
  bob.on('message', (message) => void received.push(message));
  await bob.ready();
  const sent = await crm.notify(
    'bob',
    { title: 'Paid', data: { order: 7 } },
    { slot: 'order-7', key: 'k', ttlMs: 60_000 },
  );
  expect(sent).toMatchObject({ channel: 'inbox/bob', offset: 1, repeated: false });
  expect(await crm.notify('bob', 'again', { key: 'k' })).toMatchObject({ offset: 1, repeated: true });
  expect(await crm.announce({ title: 'Tonight' })).toMatchObject({ channel: 'all', offset: 1 });
  await until(() => received.length === 2);
  const [notification, announcement] = received;
  expect(notification).toMatchObject({ channel: 'inbox', by: 'crm', slot: 'order-7', own: false });
  expect(notification).not.toHaveProperty('from');
  expect(notification!.expiresAt! - notification!.at).toBeGreaterThan(0);
  expect(announcement).toMatchObject({ channel: 'all', by: 'crm', body: { title: 'Tonight' } });
  expect((await bob.inbox.history()).messages).toMatchObject([{ offset: 1, body: { title: 'Paid' } }]);
  await bob.inbox.read(notification!);
  await crm.notify('bob', 'two');
  await crm.notify('bob', 'three');
  await until(() => received.length === 4);
  await bob.inbox.readOnly(received[3]!);
  await bob.announcements.mute();
  const { channels } = await bob.channels();
  expect(channels).toMatchObject([
    { address: 'inbox', read: 1, unread: 1, only: [3] },
    { address: 'all', unread: 1, muted: true },
  ]);
});

it('notify() and announce() of others reject with `forbidden`, and notify() throws for what is not a user id', async () => {
  await using bob = connectAs('bob');
  await expect(bob.notify('carol', 'hi')).rejects.toMatchObject({ code: 'forbidden' });
  await expect(bob.announce('hi')).rejects.toMatchObject({ code: 'forbidden' });
  expect(() => bob.notify('a/b', 'hi')).toThrow(/not a user id/);
});
