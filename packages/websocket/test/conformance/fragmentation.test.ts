// RFC 6455 §5.4 and §6.2: messages in fragments, control frames between them, types and order.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/frame/opcode.js';
import { Encounter, ROLES } from './encounter.js';

let met: Encounter;

afterEach(() => met.stop());

describe.each(ROLES)('as %s', (role: Role) => {
  async function meet(): Promise<Encounter> {
    met = await Encounter.open(role);
    return met;
  }

  it('takes a message whole, in two fragments, and in many of one byte', async () => {
    const { log } = await meet();
    met.send([0x81, 'Hello']);
    met.send([0x01, 'Hel'], [0x80, 'lo']);
    met.send([0x01, 'H'], [0x00, 'e'], [0x00, 'l'], [0x00, 'l'], [0x80, 'o']);
    met.send([0x02, Buffer.from([1])], [0x80, Buffer.from([2])]);
    await until(() => log.order.length === 4);
    expect(log.texts).toEqual(['Hello', 'Hello', 'Hello']);
    expect(log.binaries.map((data) => [...data])).toEqual([[1, 2]]);
  });

  it('takes empty fragments at every place', async () => {
    const { log } = await meet();
    met.send([0x01, ''], [0x00, ''], [0x00, 'x'], [0x00, ''], [0x80, '']);
    met.send([0x01, ''], [0x80, '']);
    await until(() => log.texts.length === 2);
    expect(log.texts).toEqual(['x', '']);
  });

  it('joins fragments in the order in which they came', async () => {
    const { log, wire } = await meet();
    const parts = Array.from({ length: 500 }, (_, index) => `${index},`);
    met.send([0x01, '']);
    for (const part of parts) wire.send(met.frame(0x00, part));
    met.send([0x80, '']);
    await until(() => log.texts.length === 1);
    expect(log.texts[0]).toBe(parts.join(''));
  });

  it('handles ping, pong and Close in the middle of a message', async () => {
    const { log, wire } = await meet();
    met.send([0x01, 'a'], [0x89, 'ping'], [0x00, 'b'], [0x8a, 'pong'], [0x80, 'c'], [0x01, 'never ends']);
    await until(() => log.texts.length === 1);
    expect([log.texts, log.pings, log.pongs]).toEqual([['abc'], ['ping'], ['pong']]);
    const [answer] = await wire.framesOf(1);
    expect(answer).toMatchObject({ first: 0x8a, payload: Buffer.from('ping') });
    met.send([0x88, Buffer.from([0x03, 0xe8])]);
    await wire.framesOf(2);
    expect(met.closeCodeSent).toBe(1000);
    wire.socket.end();
    await until(() => log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({ code: 1000, wasClean: true });
    expect(log.texts).toEqual(['abc']);
  });

  it('answers a ping between fragments before the message has ended', async () => {
    const { wire, log } = await meet();
    met.send([0x01, 'a'], [0x89, 'now']);
    const [answer] = await wire.framesOf(1);
    expect(answer!.payload.toString()).toBe('now');
    expect(log.texts).toEqual([]);
  });

  it('fails with 1002 on a continuation without a message', async () => {
    for (const frames of [
      [[0x80, 'x']],
      [[0x00, 'x']],
      [
        [0x81, 'whole'],
        [0x80, 'x'],
      ],
    ] as Array<Array<[number, string]>>) {
      await meet();
      met.send(...frames);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'continuation_unexpected' });
      await met.stop();
    }
  });

  it('fails with 1002 on a new message between the fragments of another', async () => {
    for (const first of [0x81, 0x01, 0x82, 0x02]) {
      await meet();
      met.send([0x01, 'a'], [first, 'b']);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'continuation_expected' });
      await met.stop();
    }
  });

  it('sends fragments of one type, FIN on the last, nothing but control frames between them', async () => {
    const { connection, wire } = await meet();
    const message = connection.startMessage('binary');
    await message.write(Buffer.from('one'));
    connection.sendText('waits');
    connection.ping(Buffer.from('passes'));
    await message.write(Buffer.from('two'));
    await message.end();
    const frames = await wire.framesOf(5);
    expect(frames.map(({ first, payload }) => [first, payload.toString()])).toEqual([
      [0x02, 'one'],
      [0x89, 'passes'],
      [0x00, 'two'],
      [0x80, ''],
      [0x81, 'waits'],
    ]);
  });

  it('sends a whole message as one frame with FIN and the opcode of its type', async () => {
    const { connection, wire } = await meet();
    connection.sendText('');
    connection.sendText('Käse');
    connection.sendBinary(Buffer.from([0, 255]));
    const frames = await wire.framesOf(3);
    expect(frames.map(({ first, payload }) => [first, payload.toString('hex')])).toEqual([
      [0x81, ''],
      [0x81, '4bc3a47365'],
      [0x82, '00ff'],
    ]);
  });
});
