// RFC 6455 §5.5: Close, Ping, Pong.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocketOptions } from '../../src/options.js';
import { Encounter, ROLES } from './encounter.js';

let met: Encounter;

afterEach(() => met.stop());

describe.each(ROLES)('as %s', (role) => {
  async function meet(options: WebSocketOptions = {}): Promise<Encounter> {
    met = await Encounter.open(role, { options });
    return met;
  }

  it('fails with 1002 on a control frame without FIN', async () => {
    for (const first of [0x08, 0x09, 0x0a]) {
      await meet();
      met.send([first, '']);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'control_fragmented' });
      await met.stop();
    }
  });

  it('fails with 1002 on a control frame of more than 125 bytes, and takes one of 125', async () => {
    for (const first of [0x88, 0x89, 0x8a]) {
      await meet();
      met.send([first, Buffer.alloc(126, 0x61)]);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'control_too_long' });
      await met.stop();
    }
    const { wire } = await meet();
    met.send([0x89, Buffer.alloc(125, 0x61)], [0x8a, Buffer.alloc(125, 0x62)]);
    const [pong] = await wire.framesOf(1);
    expect(pong!.payload).toEqual(Buffer.alloc(125, 0x61));
  });

  it('cannot be made to send a control frame of more than 125 bytes', async () => {
    const { connection, wire } = await meet();
    const tooLong = expect.objectContaining({ code: 'invalid_payload' });
    expect(() => connection.ping(new Uint8Array(126))).toThrowError(tooLong);
    expect(() => connection.pong(new Uint8Array(126))).toThrowError(tooLong);
    expect(() => connection.close(1000, 'x'.repeat(124))).toThrowError(
      expect.objectContaining({ code: 'invalid_close_reason' }),
    );
    connection.close(1000, 'x'.repeat(123));
    const [close] = await wire.framesOf(1);
    expect(close).toMatchObject({ first: 0x88 });
    expect(close!.payload.length).toBe(125);
  });

  it('answers every ping with a pong of the same payload, in order', async () => {
    const { wire } = await meet();
    const payloads = ['', 'a', 'Hello', '\0\xff', 'x'.repeat(125)].map((text) => Buffer.from(text, 'latin1'));
    met.send(...payloads.map((payload) => [0x89, payload] as const));
    const frames = await wire.framesOf(payloads.length);
    expect(frames.map(({ first }) => first)).toEqual(payloads.map(() => 0x8a));
    expect(frames.map(({ payload }) => payload)).toEqual(payloads);
  });

  it('answers a ping cut into single bytes', async () => {
    const { wire } = await meet();
    wire.socket.setNoDelay(true);
    for (const byte of met.frame(0x89, 'ping')) {
      wire.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [pong] = await wire.framesOf(1);
    expect(pong).toMatchObject({ first: 0x8a, payload: Buffer.from('ping') });
  });

  it('answers pings while large messages wait to be sent', async () => {
    const { wire, connection, log } = await meet({ maxBufferedBytes: 64 * 1_048_576 });
    wire.socket.pause();
    // More than the buffers of two sockets hold.
    for (let i = 0; i < 10; i++) connection.sendBinary(new Uint8Array(1_048_576));
    met.send([0x89, 'urgent']);
    await until(() => log.pings.length === 1);
    wire.socket.resume();
    await until(() => wire.byteLength >= 10 * 1_048_576 + 'urgent'.length);
    const order = (await wire.framesOf(11)).map(({ first }) => first);
    expect(order.indexOf(0x8a)).toBeLessThan(10);
  });

  it('does not answer a ping that came after the Close frame', async () => {
    const { wire, log } = await meet();
    met.send([0x88, Buffer.from([0x03, 0xe8])], [0x89, 'late']);
    await until(() => wire.frames.length > 0);
    wire.socket.end();
    await until(() => log.closes.length === 1);
    expect(wire.frames.map(({ first }) => first)).toEqual([0x88]);
    expect(log.pings).toEqual([]);
  });

  it('takes an unasked pong without an answer', async () => {
    const { wire, log } = await meet();
    met.send([0x8a, 'unasked'], [0x8a, ''], [0x89, 'then']);
    await until(() => log.pongs.length === 2);
    const frames = await wire.framesOf(1);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['then']);
  });

  it('sends no data frame after its Close frame', async () => {
    const { wire, connection } = await meet();
    connection.sendText('before');
    const stream = connection.startMessage('text');
    connection.close(4000);
    expect(connection.sendText('after')).toBe(false);
    expect(connection.sendBinary(new Uint8Array(1))).toBe(false);
    expect(connection.ping()).toBe(false);
    await expect(connection.sendTextAsync('after')).rejects.toMatchObject({ code: 'connection_ended' });
    await expect(stream.write('after')).rejects.toMatchObject({ code: 'connection_ended' });
    met.send([0x89, 'ping'], [0x88, Buffer.from([0x0f, 0xa0])]);
    if (role === 'client') wire.socket.end();
    await until(() => wire.hasEnded);
    const frames = wire.frames;
    const closeAt = frames.findIndex(({ first }) => first === 0x88);
    expect(frames[0]!.payload.toString()).toBe('before');
    expect(frames.slice(closeAt + 1).every(({ first }) => first === 0x8a)).toBe(true);
  });

  it('sends a Close frame without a body only when it got one', async () => {
    const { wire } = await meet();
    met.send([0x88, '']);
    const [close] = await wire.framesOf(1);
    expect(close).toMatchObject({ first: 0x88, payload: Buffer.alloc(0) });
  });

  it('puts the code of a Close frame first, in network byte order, then the reason in UTF-8', async () => {
    const { wire, connection } = await meet();
    connection.close(4660, 'größer');
    const [close] = await wire.framesOf(1);
    expect(close!.payload.toString('hex')).toBe(`1234${Buffer.from('größer').toString('hex')}`);
  });
});
