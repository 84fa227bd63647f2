// Messages that arrive while a session signs in, between the comparison of its channels and `connected`.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, expect, it } from 'vitest';

const CHANNELS = 50;
const SIGN_INS = 20;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(raisedRates);
});
afterAll(() => server.remove());

it('connect pushes nothing at or below the acknowledged offset, and everything above it once', async () => {
  const sender = await WireClient.signIn(server.url, 'alice');
  const peers = Array.from({ length: CHANNELS }, (_, index) => `user/peer${index}`);
  /** Address → offset of the newest entry. */
  const heads = new Map<string, number>();
  const send = async (to: string) => {
    const sent = await sender.ask({ type: 'send', to, body: 1 });
    heads.set(to, sent['offset'] as number);
  };
  for (const peer of peers) for (let count = 0; count < 3; count += 1) await send(peer);

  const first = await WireClient.signIn(server.url, 'alice', { device: 'b' });
  await first.ask({ type: 'ack', cursors: Object.fromEntries(heads) });
  await first.end();
  /** What device b has acknowledged. */
  const acked = new Map(heads);
  for (let round = 0; round < SIGN_INS; round += 1) {
    let isOpening = true;
    const sending = (async () => {
      for (let next = round; isOpening; next += 7) await send(peers[next % CHANNELS]!);
    })();
    const device = await WireClient.signIn(server.url, 'alice', { device: 'b' });
    isOpening = false;
    await sending;
    const missing = () => [...heads].filter(([address, head]) => acked.get(address)! < head);
    const pushed = new Map(acked);
    let seen = 0;
    await device.until(() => {
      for (; seen < device.received.length; seen += 1) {
        const { type, channel, offset } = device.received[seen]!;
        if (type !== 'message') continue;
        expect([channel, offset]).toEqual([channel, pushed.get(channel as string)! + 1]);
        pushed.set(channel as string, offset as number);
      }
      return missing().every(([address, head]) => pushed.get(address) === head);
    });
    expect(await device.ask({ type: 'ack', cursors: Object.fromEntries(pushed) })).toMatchObject({ type: 'ok' });
    for (const [address, offset] of pushed) acked.set(address, offset);
    await device.end();
  }
  await sender.end();
});
