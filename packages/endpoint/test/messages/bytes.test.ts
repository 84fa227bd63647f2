// What a program is given of a binary message: a Buffer, as its types say, however the message came.

import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import { expect, it } from 'vitest';
import { defineEndpoint, type EndpointObject, type MessageStream } from '../../src/index.js';
import { serve } from '../serving.js';

/** What kind of bytes came, how many, and what Buffers can do with them. */
const said = (data: Buffer) => `${Buffer.isBuffer(data)} ${data.length} ${data.subarray(0, 2).toString('hex')}`;

async function saidOfStream(message: MessageStream<Buffer>) {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part);
  return `${parts.every((part) => Buffer.isBuffer(part))} ${Buffer.concat(parts).length}`;
}

const large = Buffer.alloc(70_000, 0xab);

function sendInFragments({ socket }: WebSocketClient): void {
  socket.send(large.subarray(0, 30_000), { fin: false });
  socket.send(large.subarray(30_000), { fin: true });
}

it.each<[handler: string, endpoint: EndpointObject<'/x'>, small: string, long: string]>([
  ['onBinary', { onBinary: said }, 'true 3 abcd', 'true 70000 abab'],
  [
    'onBinaryPart',
    { onBinaryPart: (part, isLast) => (isLast ? String(Buffer.isBuffer(part)) : undefined) },
    'true',
    'true',
  ],
  ['onBinaryStream', { onBinaryStream: saidOfStream }, 'true 3', 'true 70000'],
  [
    'a decoder',
    { decoders: [{ kind: 'binary', decode: said }], onObject: (message: unknown) => String(message) } as never,
    'true 3 abcd',
    'true 70000 abab',
  ],
])('%s is given a Buffer, of one frame or of several, compressed or not', async (_handler, endpoint, small, long) => {
  const serving = await serve([defineEndpoint('/x', { ...endpoint, limits: { perMessageDeflate: true } })]);
  for (const perMessageDeflate of [false, true]) {
    const client = await serving.connect('/x', { perMessageDeflate });
    client.send(Buffer.from('abcdef', 'hex'));
    sendInFragments(client);
    expect(await client.received(2)).toEqual([small, long]);
  }
});

it('onPong is given a Buffer', async () => {
  const serving = await serve([defineEndpoint('/x', { onPong: (payload, session) => session.send(said(payload)) })]);
  const client = await serving.connect('/x');
  client.socket.pong(Buffer.from('abcdef', 'hex'));
  expect(await client.received(1)).toEqual(['true 3 abcd']);
});
