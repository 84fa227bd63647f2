// A handler with `onFrame` sees the wire as it is: every frame, in both directions, in its order.

import { until } from '@longwire/test-support/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocketConnection } from '../../src/connection/connection.js';
import type { SeenFrame } from '../../src/frame/frame-tap.js';
import { dial } from '../../src/handshake/dial.js';
import { PreparedMessage } from '../../src/message/prepared-message.js';
import type { WebSocketOptions } from '../../src/options.js';
import { maskedFrame } from '../support/hex.js';
import { HandlerLog, LiveServer, RawPeer } from '../support/live.js';

/** Echoes, and writes down each frame as `in 1 fin key=37fa213d 5 Hello`. */
class Watching extends HandlerLog {
  readonly frames: string[] = [];

  override onText(connection: WebSocketConnection, text: string): unknown {
    connection.sendText(text);
    return super.onText(connection, text);
  }

  onFrame(_connection: WebSocketConnection, frame: SeenFrame): void {
    this.frames.push(
      [
        frame.direction,
        frame.opcode,
        ...(frame.isFinal ? ['fin'] : []),
        ...(frame.isCompressed ? ['rsv1'] : []),
        ...(frame.maskKey === undefined ? [] : [`key=${frame.maskKey.toString(16).padStart(8, '0')}`]),
        frame.payloadBytes,
        Buffer.from(frame.payloadStart).toString(frame.isCompressed ? 'hex' : 'latin1'),
      ].join(' '),
    );
  }
}

let server: LiveServer;
let log: Watching;

async function start(options: WebSocketOptions = {}): Promise<void> {
  server = await LiveServer.start(options);
  log = new Watching();
  server.log = log;
}

beforeEach(() => start());
afterEach(() => server.stop());

describe.each(['auto', 'stream'] as const)('with output by way of %s', (socketWrites) => {
  it('frames that are written in one go are seen one by one, a ping where it overtakes', async () => {
    await server.stop();
    await start({ socketWrites });
    const peer = await RawPeer.open(server.port);
    const connection = await server.connection();
    connection.sendText('a');
    connection.sendPrepared(PreparedMessage.join([PreparedMessage.text('b'), PreparedMessage.text('c')]));
    connection.sendBinary(Buffer.alloc(5_000, 'd'));
    connection.ping(Buffer.from('p'));
    await peer.receives(2 + 1 + 3 * 3 + 4 + 5_000);
    expect(log.frames).toEqual([
      'out 9 fin 1 p',
      'out 1 fin 1 a',
      'out 1 fin 1 b',
      'out 1 fin 1 c',
      `out 2 fin 5000 ${'d'.repeat(125)}`,
    ]);
  });

  it('a frame of 700 kB to a reader that stands still is seen once, and what follows it as well', async () => {
    await server.stop();
    await start({ socketWrites });
    const peer = await RawPeer.open(server.port);
    peer.socket.pause();
    const connection = await server.connection();
    connection.sendBinary(Buffer.alloc(700_000, 'x'));
    connection.sendText('behind');
    peer.socket.resume();
    await peer.receives(700_000 + 10 + 8);
    expect(log.frames).toEqual([`out 2 fin 700000 ${'x'.repeat(125)}`, 'out 1 fin 6 behind']);
  });
});

it('what comes is seen before what it leads to, with the mask key, in whatever pieces it arrives', async () => {
  const peer = await RawPeer.open(server.port);
  const bytewise = async (bytes: Buffer): Promise<void> => {
    for (const byte of bytes) {
      peer.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await bytewise(Buffer.concat([maskedFrame(0x01, 'Hel'), maskedFrame(0x89, 'p')]));
  await peer.receives(3);
  await bytewise(maskedFrame(0x80, 'lo'));
  await peer.receives(3 + 7);
  peer.send(maskedFrame(0x88, Buffer.from([0x03, 0xe8])));
  await until(() => log.closes.length === 1 || peer.hasEnded);
  expect(log.frames).toEqual([
    'in 1 key=37fa213d 3 Hel',
    'in 9 fin key=37fa213d 1 p',
    'out 10 fin 1 p',
    'in 0 fin key=37fa213d 2 lo',
    'out 1 fin 5 Hello',
    'in 8 fin key=37fa213d 2 \u0003è',
    'out 8 fin 2 \u0003è',
  ]);
});

it('a client sees its own frames with their keys, and compressed ones as they are on the wire', async () => {
  await server.stop();
  await start({ perMessageDeflate: { thresholdBytes: 10 } });
  const mine = new HandlerLog() as HandlerLog & Pick<Watching, 'onFrame'>;
  const frames: SeenFrame[] = [];
  mine.onFrame = (_connection, frame) => void frames.push(frame);
  const client = await dial(server.url, { handler: mine, options: { perMessageDeflate: { thresholdBytes: 10 } } });
  client.sendText('x'.repeat(100));
  await until(() => mine.texts.length === 1);
  const [sent, received] = frames;
  expect(sent).toMatchObject({ direction: 'out', opcode: 1, isFinal: true, isCompressed: true });
  expect(received).toMatchObject({ direction: 'in', opcode: 1, isFinal: true, isCompressed: true, maskKey: undefined });
  expect(sent!.maskKey).toBeGreaterThan(0);
  expect(sent!.payloadBytes).toBeLessThan(100);
  // The server saw the same bytes under the same key.
  const key = sent!.maskKey!.toString(16).padStart(8, '0');
  const hex = Buffer.from(sent!.payloadStart).toString('hex');
  expect(log.frames[0]).toBe(`in 1 fin rsv1 key=${key} ${sent!.payloadBytes} ${hex}`);
});

it('a throw in onFrame is a warning, once for each direction, and hurts nothing', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    // Node may warn of something else meanwhile.
    if (warning.message === 'onlooker') warnings.push(warning);
  };
  process.on('warning', onWarning);
  log.onFrame = () => {
    throw new Error('onlooker');
  };
  const client = new HandlerLog();
  const connection = await dial(server.url, { handler: client });
  for (const text of ['a', 'b', 'c']) connection.sendText(text);
  await until(() => client.texts.length === 3);
  expect(client.texts).toEqual(['a', 'b', 'c']);
  await until(() => warnings.length === 2);
  process.off('warning', onWarning);
  expect(warnings.length).toBe(2);
  expect(log.errors).toEqual([]);
});
