import { settled, until } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import type { WebSocketConnection } from '../../../src/connection/connection.js';
import { dial } from '../../../src/handshake/dial.js';
import { maskedFrame } from '../../support/hex.js';
import { HandlerLog, LiveServer, RawPeer } from '../../support/live.js';
import { Reading } from '../../support/reading.js';

it('does not stall the others while one connection sends thousands of frames at once', async () => {
  const server = await LiveServer.start();
  const peer = await RawPeer.open(server.port);
  const connection = await server.connection();
  let perTurn = 0;
  let most = 0;
  let isOver = false;
  server.log.onBinary = () => {
    perTurn++;
    most = Math.max(most, perTurn);
    return undefined;
  };
  // Runs once in every turn of the event loop, as another connection would.
  const countTurns = (): void => {
    perTurn = 0;
    if (!isOver) setImmediate(countTurns);
  };
  countTurns();
  peer.send(Buffer.concat(Array.from({ length: 20_000 }, () => maskedFrame(0x82, ''))));
  peer.send(maskedFrame(0x81, 'the last'));
  await until(() => server.log.texts.length > 0);
  isOver = true;
  expect(most).toBeLessThan(2_000);
  expect(connection.state).toBe('open');
  peer.socket.destroy();
  await server.stop();
});

it('keeps pauses and closes that come while a reader waits for its next turn', async () => {
  const server = await LiveServer.start({ closeTimeoutMs: 2_000 });
  const log = new HandlerLog();
  const client = await dial(server.url, { handler: log });
  const connection = await server.connection();
  let heard = 0;
  server.log.onBinary = (from: WebSocketConnection) => {
    heard++;
    if (heard === 600) from.pause();
    return undefined;
  };
  for (let n = 0; n < 2_000; n++) client.sendBinary(Buffer.alloc(100));
  await until(() => heard === 600);
  for (let turns = 0; turns < 20; turns++) await settled();
  expect(heard).toBe(600);
  connection.resume();
  await until(() => heard === 2_000);
  for (let n = 0; n < 2_000; n++) client.sendBinary(Buffer.alloc(100));
  client.close(4_000, 'done');
  await until(() => log.closes.length > 0 && server.log.closes.length > 0);
  expect(heard).toBe(4_000);
  expect(server.log.closes[0]).toMatchObject({ code: 4_000, reason: 'done', wasClean: true });
  await server.stop();
});

it('interrupts a connection for what it sends in one turn, not for what it sent in the turns before', () => {
  const chunk = Buffer.concat(Array.from({ length: 64 }, () => maskedFrame(0x82, 'x'.repeat(250))));
  const turns = 20;
  const busy = new Reading('server');
  for (let turn = 0; turn < turns; turn++) {
    busy.push(chunk);
    busy.reader.renewShare();
  }
  // Once in a turn it is asked for a new share.
  expect([busy.interruptions, busy.usedShares, busy.heard.length]).toEqual([0, turns, 64 * turns]);
  const greedy = new Reading('server');
  for (let chunks = 0; chunks < turns; chunks++) greedy.push(chunk);
  expect(greedy.interruptions).toBeGreaterThan(4);
  expect(greedy.heard).toHaveLength(64 * turns);
});
