import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, expect, it } from 'vitest';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ LONGWIRE_DATA: 'memory:' });
});
afterAll(() => server.remove());

it('read pushes a receipt with read to the other sessions of the user who read', async () => {
  const alice = await WireClient.signIn(server.url, 'alice');
  const { epoch } = await alice.ask({ type: 'send', to: 'user/bob', body: 1 });
  const tab = await WireClient.signIn(server.url, 'bob');
  const phone = await WireClient.signIn(server.url, 'bob', { device: 'phone' });
  await tab.ask({ type: 'read', channel: 'user/alice', offset: 1 });
  const receipt = await phone.find(({ type, user }) => type === 'receipt' && user === 'bob');
  expect(receipt).toMatchObject({ channel: 'user/alice', epoch, read: 1 });
  for (const client of [alice, tab, phone]) await client.end();
});
