// Outboxes that fill up: what is refused for want of room comes later, and those who read are served whatever others hold.

import { inParallel } from '@longwire/test-support/in-parallel';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterEach, describe, expect, it } from 'vitest';
import { textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';

export interface FullOutboxScale {
  /** Sessions that read nothing. */
  readonly slow: number;
  readonly slowUsers: number;
  readonly allOutboxesBytes: number;
  /** What becomes due to each of the slow ones. */
  readonly dueBytes: number;
  /** Bursts of messages between the others meanwhile. */
  readonly bursts: number;
}

const BODY_BYTES = 60_000;
const IN_FLIGHT = 16;
const BURST_MESSAGES = 3;

export function describeFullOutboxes(scale: FullOutboxScale): void {
  describe('outboxes of the gateway', () => {
    let server: ServerProcess | undefined;

    afterEach(() => server?.remove());

    it('deliver bodies of 20 KB, 60 KB and 10 B with limits.outboxBytes 70000 (row 80)', async () => {
      server = await ServerProcess.start({ LONGWIRE_LIMITS_OUTBOX_BYTES: '70000' });
      const sender = await WireClient.signIn(server.gatewayUrl, 'alice');
      const reader = await WireClient.signIn(server.gatewayUrl, 'bob');
      const bodies = [20_000, 60_000, 60_000, 10].map((bytes) => 'x'.repeat(bytes - 2));
      for (const [id, body] of bodies.entries()) sender.say({ id, type: 'send', to: 'user/bob', body });
      const messages = await reader.count('message', bodies.length);
      expect(messages.map(({ body }) => body)).toEqual(bodies);
      for (const client of [sender, reader]) client.cut();
    });

    it('that fill limits.allOutboxesBytes stop no delivery between other users (row 81)', async () => {
      server = await ServerProcess.start({
        ...raisedRates,
        LONGWIRE_LIMITS_ALL_OUTBOXES_BYTES: String(scale.allOutboxesBytes),
        LONGWIRE_LOG_LEVEL: 'warn',
      });
      const { gatewayUrl, port } = server;
      const slow: RawSocket[] = [];
      await inParallel(scale.slow, 8, async (index) => {
        slow[index] = await signIn(port, `slow-${index % scale.slowUsers}`);
        slow[index]?.socket.pause();
      });
      const writer = await WireClient.signIn(gatewayUrl, 'writer');
      const sender = await WireClient.signIn(gatewayUrl, 'alice');
      const reader = await WireClient.signIn(gatewayUrl, 'bob');

      const body = 'x'.repeat(BODY_BYTES - 2);
      const each = Math.ceil(scale.dueBytes / BODY_BYTES);
      // The others talk while the outboxes fill up and when they are full. What is sent at once is committed at once, so that
      // more than one message is due to the reader in a turn of the server.
      const others = inParallel(scale.bursts, 1, async () => {
        const burst = Array.from({ length: BURST_MESSAGES }, () => sender.ask({ type: 'send', to: 'user/bob', body }));
        await Promise.all(burst);
      });
      await inParallel(each * scale.slowUsers, IN_FLIGHT, async (index) => {
        await writer.ask({ type: 'send', to: `user/slow-${index % scale.slowUsers}`, body });
      });
      await others;
      const messages = await reader.count('message', scale.bursts * BURST_MESSAGES);
      expect(messages.map(({ offset }) => offset)).toEqual(messages.map((_, n) => n + 1));
      for (const peer of slow) peer.destroy();
      for (const client of [writer, sender, reader]) client.cut();
    });
  });
}

async function signIn(port: number, user: string): Promise<RawSocket> {
  const peer = await RawSocket.upgrade(port);
  peer.send(textFrame(JSON.stringify({ id: 1, type: 'connect', token: `dev:${user}` })));
  await until(() => peer.frames.length > 0, 'connected');
  return peer;
}
