// Payloads of the wrong type: a mistake of the program, which TypeScript shows and JavaScript does not.

import { until } from '@longwire/test-support/until';
import { afterEach, expect, it } from 'vitest';
import type { WebSocketConnection } from '../../../src/connection/connection.js';
import { dial } from '../../../src/handshake/dial.js';
import { PreparedMessage } from '../../../src/message/prepared-message.js';
import { HandlerLog, LiveServer, RawPeer } from '../../support/live.js';

let server: LiveServer;

afterEach(async () => {
  await server.stop();
});

type Wrong = [given: unknown, name: string];
const NO_BYTES: Wrong[] = [
  ['abc', 'a string'],
  [5, 'a number'],
  [undefined, 'undefined'],
  [null, 'null'],
  [[1, 2], 'an object of the class Array'],
  [{ length: 3 }, 'an object of the class Object'],
  [Object.create(null), 'an object of the class null'],
  [new ArrayBuffer(3), 'an object of the class ArrayBuffer: new Uint8Array(buffer)'],
  [
    new Uint16Array(3),
    'an object of the class Uint16Array: new Uint8Array(view.buffer, view.byteOffset, view.byteLength)',
  ],
  [new DataView(new ArrayBuffer(3)), 'an object of the class DataView: new Uint8Array(view.buffer'],
];
const NO_TEXT: Wrong[] = [
  [5, 'a number'],
  [undefined, 'undefined'],
  [Buffer.from('abc'), 'an object of the class Buffer'],
  [new String('abc'), 'an object of the class String'],
];
const bytes = (given: unknown): Uint8Array => given as Uint8Array;
const text = (given: unknown): string => given as string;

type Send = (connection: WebSocketConnection, given: unknown) => unknown;
const SENDS: [string, Wrong[], Send][] = [
  ['sendText', NO_TEXT, (connection, given) => connection.sendText(text(given))],
  ['sendBinary', NO_BYTES, (connection, given) => connection.sendBinary(bytes(given))],
  ['sendPrepared', NO_BYTES, (connection, given) => connection.sendPrepared(given as PreparedMessage)],
  ['ping', NO_BYTES.filter(([given]) => given !== undefined), (connection, given) => connection.ping(bytes(given))],
  ['PreparedMessage.text', NO_TEXT, (_connection, given) => PreparedMessage.text(text(given))],
  ['PreparedMessage.binary', NO_BYTES, (_connection, given) => PreparedMessage.binary(bytes(given))],
];

it.each(SENDS)(
  '%s throws invalid_payload with the name of what it was given, and queues nothing',
  async (_name, wrong, send) => {
    server = await LiveServer.start({ perMessageDeflate: { thresholdBytes: 0 } });
    const peer = await RawPeer.open(server.port, ['Sec-WebSocket-Extensions: permessage-deflate']);
    const connection = await server.connection();
    for (const [given, name] of wrong) {
      const invalid = { name: 'WebSocketError', code: 'invalid_payload', message: expect.stringContaining(name) };
      expect(() => send(connection, given)).toThrowError(expect.objectContaining(invalid));
    }
    expect(connection.bufferedBytes).toBe(0);
    connection.sendText('a', { compress: false });
    expect(await peer.receives(3)).toBe('81 01 61');
  },
);

it('asynchronous sends and writes reject with invalid_payload, and a streamed message continues without the chunk', async () => {
  server = await LiveServer.start();
  const peer = await RawPeer.open(server.port);
  const connection = await server.connection();
  const invalid = { code: 'invalid_payload' };
  await expect(connection.sendTextAsync(text(5))).rejects.toMatchObject(invalid);
  await expect(connection.sendBinaryAsync(bytes('abc'))).rejects.toMatchObject(invalid);
  await expect(connection.sendPreparedAsync('abc' as never)).rejects.toMatchObject(invalid);
  const message = connection.startMessage('text');
  await expect(message.write(text(5))).rejects.toMatchObject(invalid);
  await message.write('a');
  await message.end();
  expect(await peer.receives(5)).toBe('01 01 61 80 00');
});

it.each(['permessage-deflate', 'nothing'])(
  'a message joined from none sends nothing to either role, with %s agreed on',
  async (offer) => {
    server = await LiveServer.start({ perMessageDeflate: { thresholdBytes: 0 } });
    const extension = offer === 'nothing' ? [] : [`Sec-WebSocket-Extensions: ${offer}`];
    const peer = await RawPeer.open(server.port, extension);
    const connection = await server.connection();
    expect(connection.sendPrepared(PreparedMessage.join([]))).toBe(true);
    expect(connection.bufferedBytes).toBe(0);
    await connection.sendPreparedAsync(PreparedMessage.join([PreparedMessage.join([])]));
    connection.sendText('a', { compress: false });
    expect(await peer.receives(3)).toBe('81 01 61');
    const client = await dial(server.url, { handler: new HandlerLog() });
    expect(client.sendPrepared(PreparedMessage.join([]))).toBe(true);
    expect(client.sendPrepared(PreparedMessage.join([PreparedMessage.join([]), PreparedMessage.text('b')]))).toBe(true);
    await until(() => server.log.texts.length === 1);
    expect(server.log.texts).toEqual(['b']);
    client.terminate();
  },
);
