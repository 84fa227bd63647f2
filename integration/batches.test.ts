// Several objects in one text message, for clients that split it.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, expect, it } from 'vitest';

const [alice, bob] = ['alice', 'bob'];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(raisedRates);
});
afterAll(() => server.remove());

it('connect with batch: pushes a backlog as few text messages of several objects, each below 64 KiB, and the same objects as without', async () => {
  const from = await WireClient.signIn(server.url, alice);
  const bodies = Array.from({ length: 400 }, (_, index) => (index % 50 === 0 ? 'x'.repeat(40_000) : index));
  for (const [id, body] of bodies.entries()) from.say({ id: id + 1, type: 'send', to: `user/${bob}`, body });
  from.say(`{"id":"spread","type":"send","to":"user/${bob}","body":{\n "a": [1,\r\n 2]\n}}`);
  await from.count('sent', bodies.length + 1);
  const to = await WireClient.signIn(server.url, bob, { batch: true });
  let longest = 0;
  to.socket.on('message', (data) => {
    longest = Math.max(longest, String(data).length);
  });
  const received = await to.count('message', bodies.length + 1);
  expect(to.textCount).toBeLessThan(40);
  expect(longest).toBeLessThanOrEqual(65_536);
  const single = await WireClient.signIn(server.url, bob, { device: 'other' });
  expect(await single.count('message', bodies.length + 1)).toEqual(received);
  expect(single.textCount).toBeGreaterThan(bodies.length);
  expect(received.map(({ body }) => body)).toEqual([...bodies, { a: [1, 2] }]);
  await Promise.all([from.end(), to.end(), single.end()]);
});
