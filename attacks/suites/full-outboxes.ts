// Outboxes that fill up: what is refused for want of room comes later, and those who read are served whatever others hold.

import { OperatorClient } from '@longwire/server';
import { inParallel } from '@longwire/test-support/in-parallel';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterEach, describe, expect, it } from 'vitest';
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
const LARGE_BODY_BYTES = 250_000;
const IN_FLIGHT = 16;
const BURST_MESSAGES = 3;
/** As many as `sessions.perUser` allows. */
const SESSIONS_OF_A_USER = 20;
/** More than the kernels of both sides buffer for one connection. */
const KERNEL_BYTES = 6_000_000;

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

    it('are closed with 4004, the largest first, beyond limits.allOutboxesBytes (row 81)', async () => {
      server = await ServerProcess.start({
        ...raisedRates,
        LONGWIRE_LIMITS_OUTBOX_BYTES: '524288',
        LONGWIRE_LIMITS_ALL_OUTBOXES_BYTES: '1048576',
        LONGWIRE_LIMITS_BODY_BYTES: String(LARGE_BODY_BYTES),
        LONGWIRE_LIMITS_COMMAND_BYTES: String(2 * LARGE_BODY_BYTES),
      });
      const { gatewayUrl, port } = server;
      const slow: RawSocket[] = [];
      await inParallel(SESSIONS_OF_A_USER, 8, async (index) => {
        slow[index] = await RawSocket.signIn(port, 'slow');
        slow[index]?.socket.pause();
      });
      const writer = await WireClient.signIn(gatewayUrl, 'writer');
      const body = 'x'.repeat(LARGE_BODY_BYTES - 2);
      // Each takes what its kernels take and, while it is empty, a message more: too much for all of them.
      await inParallel(KERNEL_BYTES / LARGE_BODY_BYTES, 2, async () => {
        await writer.ask({ type: 'send', to: 'user/slow', body });
      });
      await until(() => server?.output.includes('closed with 4004'), 'a line of the log');
      for (const peer of slow) peer.socket.resume();
      const ended = await Promise.all(slow.map((peer) => endOf(peer)));
      // Those that go on have everything.
      for (const [index, code] of ended.entries()) {
        if (code === undefined) expect(slow[index]?.receivedBytes).toBeGreaterThan(KERNEL_BYTES);
        else expect([4004, 1006]).toContain(code);
      }
      expect(ended).toContain(4004);
      const operator = new OperatorClient(server.folder);
      const isCounted = async () => (await operator.refusals()).refusals['limits.allOutboxesBytes'] > 0;
      await until(isCounted, 'limits.allOutboxesBytes to be counted');
      expect(await writer.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      for (const peer of slow) peer.destroy();
      writer.cut();
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
        slow[index] = await RawSocket.signIn(port, `slow-${index % scale.slowUsers}`);
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

/** The close code of a session that is closed, 1006 without one; undefined once it was given everything. */
async function endOf(peer: RawSocket): Promise<number | undefined> {
  let code: number | undefined;
  await until(() => {
    const close = peer.frames.find(({ opcode }) => opcode === 8);
    code = close?.payload.readUInt16BE(0) ?? (peer.hasEnded ? 1006 : undefined);
    return code !== undefined || peer.receivedBytes > KERNEL_BYTES;
  }, 'the end of a session, or of what is due to it');
  return code;
}
