import { settled, until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WebSocketConnection } from '../../../src/connection/connection.js';
import { dial } from '../../../src/handshake/dial.js';
import { PreparedMessage } from '../../../src/message/prepared-message.js';
import { HandlerLog, LiveServer } from '../../support/live.js';

const ACTIONS: Readonly<Record<string, (connection: WebSocketConnection) => unknown>> = {
  text: (connection) => connection.sendText('text'),
  large: (connection) => connection.sendBinary(Buffer.alloc(100_000)),
  prepared: (connection) => connection.sendPrepared(PreparedMessage.text('prepared')),
  ping: (connection) => connection.ping(),
  stream: async (connection) => {
    const message = connection.startMessage('text');
    await message.write('part').catch(() => {});
    await message.end().catch(() => {});
  },
  unfinished: (connection) =>
    connection
      .startMessage('binary')
      .write(Buffer.from([1]))
      .catch(() => {}),
  async: (connection) => connection.sendTextAsync('async').catch(() => {}),
  pause: (connection) => connection.pause(),
  resume: (connection) => connection.resume(),
  flush: (connection) => connection.flush(),
  close: (connection) => connection.close(4000, 'race'),
  terminate: (connection) => connection.terminate(),
};

const step = fc.record({
  side: fc.constantFrom('server', 'client'),
  action: fc.constantFrom(...Object.keys(ACTIONS)),
  /** Let the event loop turn before the next one. */
  turns: fc.integer({ min: 0, max: 2 }),
});

it('ends every interleaving of sends, pauses and closes with one onClose on each side, last of all', async () => {
  const server = await LiveServer.start({ closeTimeoutMs: 100, perMessageDeflate: { thresholdBytes: 50 } });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.boolean(), async (steps, closesInHandler) => {
      const logs = [new HandlerLog(), new HandlerLog()] as const;
      server.log = logs[0];
      if (closesInHandler) logs[1].onText = (connection) => connection.close(4001, 'in handler');
      const index = server.connections.length;
      const client = await dial(server.url, {
        handler: logs[1],
        options: { closeTimeoutMs: 100, perMessageDeflate: true },
      });
      const accepted = await server.connection(index);
      accepted.handler = logs[0];
      for (const { side, action, turns } of steps) {
        ACTIONS[action]?.(side === 'server' ? accepted : client);
        for (let i = 0; i < turns; i++) await settled();
      }
      client.close();
      accepted.resume();
      client.resume();
      await until(() => logs.every((log) => log.closes.length > 0));
      await settled();
      for (const log of logs) {
        expect(log.closes).toHaveLength(1);
        expect(log.order.at(-1)).toBe('close');
      }
      expect([accepted.state, client.state, accepted.bufferedBytes, client.bufferedBytes]).toEqual([
        'closed',
        'closed',
        0,
        0,
      ]);
    }),
    { numRuns: 80 },
  );
  await until(() => server.sockets.size === 0);
  await server.stop();
}, 60_000);
