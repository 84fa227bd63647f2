// What is sent while a message is streamed: it waits for the end of that, and whoever waits for it is told the truth.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocketConnection } from '../../../src/connection/connection.js';
import { SendOrder, WaitingOutput } from '../../../src/connection/output/send-order.js';
import { WriteWaiters } from '../../../src/connection/output/write-waiters.js';
import { PreparedMessage } from '../../../src/message/prepared-message.js';
import { LiveServer, RawPeer } from '../../support/live.js';

let server: LiveServer | undefined;

async function open() {
  server = await LiveServer.start();
  const peer = await RawPeer.open(server.port);
  return { peer, connection: await server.connection() };
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** What became of a promise so far. */
function outcome(promise: Promise<void>): { now: string } {
  const seen = { now: 'pending' };
  promise.then(
    () => (seen.now = 'resolved'),
    (error) => (seen.now = error.code),
  );
  return seen;
}

/** All that is queued and does not wait behind a stream has reached the peer, and everybody was told. */
async function settled(peer: RawPeer, connection: WebSocketConnection): Promise<void> {
  const before = peer.received.length;
  connection.ping();
  await until(() => peer.received.length > before);
  await new Promise((resolve) => setImmediate(resolve));
}

const SENDS: [string, (connection: WebSocketConnection) => Promise<void>][] = [
  ['sendTextAsync', (connection) => connection.sendTextAsync('b')],
  ['sendBinaryAsync', (connection) => connection.sendBinaryAsync(Buffer.alloc(5_000))],
  ['sendPreparedAsync', (connection) => connection.sendPreparedAsync(PreparedMessage.text('b'))],
  ['write of a second streamed message', (connection) => connection.startMessage('text').write('b')],
];

describe.each(SENDS)('%s behind a streamed message', (_what, send) => {
  it('resolves once it was handed over, which is not before the end of that message', async () => {
    const { peer, connection } = await open();
    const message = connection.startMessage('text');
    await message.write('a');
    const sent = outcome(send(connection));
    await settled(peer, connection);
    expect(sent.now).toBe('pending');
    await message.end();
    await until(() => sent.now === 'resolved');
    expect(connection.bufferedBytes).toBe(0);
  });

  it.each<[string, (connection: WebSocketConnection) => void]>([
    ['closes', (connection) => connection.close()],
    ['is cut', (connection) => connection.terminate()],
  ])('rejects when the connection %s before the end of that message', async (_how, end) => {
    const { peer, connection } = await open();
    await connection.startMessage('text').write('a');
    const sent = outcome(send(connection));
    await settled(peer, connection);
    end(connection);
    await until(() => sent.now !== 'pending');
    expect(sent.now).toBe('connection_ended');
    expect(connection.bufferedBytes).toBeLessThan(5);
  });
});

it('everything goes out in the order of the calls, streamed messages among whole ones', async () => {
  const { peer, connection } = await open();
  const first = connection.startMessage('text');
  connection.sendText('1');
  const second = connection.startMessage('text');
  connection.sendText('2');
  connection.sendText('3');
  const third = connection.startMessage('text');
  const done = [third.end(), connection.sendTextAsync('4'), second.write('b'), first.end(), second.end()];
  await Promise.all(done);
  expect(await peer.receives(21)).toBe('81 00 81 01 31 01 01 62 80 00 81 01 32 81 01 33 81 00 81 01 34');
});

it('resolves each asynchronous send at its own position, also with a ping written ahead of it', () => {
  const told: string[] = [];
  const output = new WaitingOutput();
  const push = (name: string): void => {
    output.push(Buffer.alloc(10));
    output.whenWritten(
      () => told.push(name),
      () => told.push(`${name} never`),
    );
  };
  for (const name of ['a', 'b', 'c']) push(name);
  const waiters = new WriteWaiters();
  waiters.delay(3);
  waiters.takeOver(output.waiters, 100);
  waiters.settle(109);
  expect(told).toEqual([]);
  waiters.settle(110);
  expect(told).toEqual(['a']);
  waiters.delay(2);
  waiters.settle(121);
  expect(told).toEqual(['a']);
  waiters.settle(122);
  waiters.rejectAll(undefined);
  expect(told).toEqual(['a', 'b', 'c never']);
});

it('100 000 small messages wait as few pieces, and go out in one step', () => {
  const handed: Buffer[] = [];
  const order = new SendOrder((output) => handed.push(...output.pieces));
  const streamed = { begin: () => undefined, drop() {}, hasEnded: false };
  order.open(streamed);
  const frame = Buffer.from('<message>');
  for (let n = 0; n < 100_000; n++) order.pushMessage(frame);
  expect(order.waitingBytes).toBe(900_000);
  order.end(streamed);
  expect(order.waitingBytes).toBe(0);
  expect(handed.length).toBeLessThan(1_000);
  expect(Buffer.concat(handed).equals(Buffer.alloc(900_000, frame))).toBe(true);
});

it('the fragments of a message that waits itself gather as well', () => {
  const output = new WaitingOutput();
  for (let n = 0; n < 100_000; n++) output.push(Buffer.from('abc'));
  expect(output.pieces.length).toBeLessThan(1_000);
  expect(output.byteLength).toBe(300_000);
});

it('calls onDrain for a queue that became full when a streamed message ended', async () => {
  const { peer, connection } = await open();
  peer.socket.pause();
  const message = connection.startMessage('binary');
  await message.write(Buffer.alloc(1));
  for (let n = 0; n < 39; n++) connection.sendBinary(Buffer.alloc(100_000));
  void message.end();
  await until(() => connection.bufferedBytes < 3_900_000);
  peer.socket.resume();
  await until(() => connection.bufferedBytes === 0);
  await until(() => server!.log.drains === 1);
});
