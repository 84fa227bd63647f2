// Output held back over turns; limits of one connection that change while it is open; streamed messages taken back.

import { settled, until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocketOptions } from '../../../src/options.js';
import { maskedFrame } from '../../support/hex.js';
import { LiveServer, RawPeer } from '../../support/live.js';

let server: LiveServer;

async function open(options: WebSocketOptions = {}) {
  server = await LiveServer.start(options);
  const peer = await RawPeer.open(server.port);
  return { peer, connection: await server.connection() };
}

afterEach(async () => {
  await server.stop();
});

describe('held output', () => {
  it('gathers over turns until it is released; what was sent before does not wait', async () => {
    const { peer, connection } = await open();
    connection.sendText('a');
    connection.hold();
    connection.sendText('b');
    expect(await peer.receives(3)).toBe('81 01 61');
    await settled();
    connection.sendText('c');
    await settled();
    expect(connection.bufferedBytes).toBe(6);
    connection.release();
    expect(connection.bufferedBytes).toBe(0);
    expect(await peer.receives(9)).toBe('81 01 61 81 01 62 81 01 63');
  });

  it('waits for the outermost release', async () => {
    const { connection } = await open();
    connection.hold();
    connection.hold();
    connection.sendText('a');
    connection.release();
    await settled();
    expect(connection.bufferedBytes).toBe(3);
    connection.release();
    expect(connection.bufferedBytes).toBe(0);
  });

  it('is written for an awaited send, for a ping and for close()', async () => {
    const { peer, connection } = await open();
    connection.hold();
    await connection.sendTextAsync('a');
    connection.sendText('b');
    connection.ping();
    expect(await peer.receives(8)).toBe('81 01 61 89 00 81 01 62');
    connection.sendText('c');
    connection.close();
    expect(await peer.receives(15)).toBe('81 01 61 89 00 81 01 62 81 01 63 88 02 03 e8');
  });
});

it('holds each connection and each kind of message to the limit it has when the message begins', async () => {
  const { peer, connection } = await open({ maxMessageBytes: 4 });
  connection.maxTextBytes = 6;
  peer.send(maskedFrame(0x81, 'sixsix'));
  await until(() => server.log.texts.length === 1);
  connection.maxTextBytes = 3;
  peer.send(maskedFrame(0x82, Buffer.from('four')));
  await until(() => server.log.binaries.length === 1);
  peer.send(maskedFrame(0x81, 'four'));
  await until(() => server.log.errors.length === 1);
  expect(server.log.errors[0]!.code).toBe('message_too_big');
});

it('closes with 1009 above the limit of the kind, however large the other one is', async () => {
  const { peer, connection } = await open({ maxMessageBytes: 4 });
  connection.maxTextBytes = 600;
  peer.send(maskedFrame(0x82, Buffer.from('five5')));
  await until(() => server.log.errors.length === 1);
  expect(server.log.errors[0]).toMatchObject({ code: 'message_too_big', closeCode: 1009 });
});

it('takes a streamed message back that has not begun, and sends what waited behind it', async () => {
  const { peer, connection } = await open();
  const message = connection.startMessage('text');
  connection.sendText('a');
  expect(message.cancel()).toBe(true);
  expect(await peer.receives(3)).toBe('81 01 61');
  const begun = connection.startMessage('text');
  await begun.write('b');
  expect(begun.cancel()).toBe(false);
  await begun.end();
  expect(await peer.receives(8)).toBe('81 01 61 01 01 62 80 00');
});
