// RFC 6455 §7: the closing handshake, failing a connection, and which codes and reasons may be on the wire.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { isCloseCodeOnWire } from '../../src/message/close-payload.js';
import type { WebSocketOptions } from '../../src/options.js';
import { hex } from '../support/hex.js';
import { Encounter, ROLES } from './encounter.js';

let met: Encounter;

afterEach(() => met.stop());

const MAY_BE_SENT = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const MUST_NOT_BE_SENT = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

function body(code: number, reason: string | Uint8Array = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

describe.each(ROLES)('as %s', (role) => {
  async function meet(options: WebSocketOptions = {}): Promise<Encounter> {
    met = await Encounter.open(role, { options });
    return met;
  }

  /** Our end closes TCP by itself if it is the server; a client waits for the server. */
  async function letTcpEnd(): Promise<void> {
    if (role === 'server') await until(() => met.wire.hasEnded);
    met.wire.socket.end();
    await until(() => met.log.closes.length === 1);
  }

  it('answers every code that may be sent with the same code', async () => {
    for (const code of MAY_BE_SENT) {
      const { wire, log } = await meet();
      met.send([0x88, body(code, 'why')]);
      await wire.framesOf(1);
      expect(met.closeCodeSent).toBe(code);
      await letTcpEnd();
      expect(log.closes[0]).toMatchObject({ code, reason: 'why', wasClean: true, initiator: 'remote' });
      expect(log.errors).toEqual([]);
      await met.stop();
    }
  });

  it('fails with 1002 on every code that must not be sent', async () => {
    for (const code of MUST_NOT_BE_SENT) {
      await meet();
      met.send([0x88, body(code)]);
      expect(await met.failed()).toEqual({ sent: 1002, error: 'close_payload_invalid' });
      await met.stop();
    }
  });

  it('fails with 1002 on a Close frame whose body is one byte', async () => {
    await meet();
    met.send([0x88, hex('03')]);
    expect(await met.failed()).toEqual({ sent: 1002, error: 'close_payload_invalid' });
  });

  it('fails with 1007 on a reason that is not UTF-8', async () => {
    for (const reason of ['ff', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65', 'e2 82']) {
      await meet();
      met.send([0x88, body(1000, hex(reason))]);
      expect(await met.failed()).toEqual({ sent: 1007, error: 'invalid_utf8' });
      await met.stop();
    }
  });

  it('takes a reason of 123 bytes', async () => {
    const { log, wire } = await meet();
    met.send([0x88, body(1000, 'ä'.repeat(61))]);
    await wire.framesOf(1);
    await letTcpEnd();
    expect(log.closes[0]).toMatchObject({ code: 1000, reason: 'ä'.repeat(61) });
  });

  it('never sends a code that must not be sent, nor a reason without one', async () => {
    const { connection, wire } = await meet();
    for (const code of [...MUST_NOT_BE_SENT, 1000.5, Number.NaN, -1]) {
      expect(isCloseCodeOnWire(code)).toBe(false);
      expect(() => connection.close(code)).toThrowError(expect.objectContaining({ code: 'invalid_close_code' }));
    }
    expect(connection.state).toBe('open');
    connection.close(4999, 'end');
    await wire.framesOf(1);
    expect(wire.frames).toHaveLength(1);
    expect(met.closeCodeSent).toBe(4999);
  });

  it('starts the closing handshake with the code and reason it is given', async () => {
    const { connection, wire, log } = await meet();
    connection.close(3001, 'moved');
    const [close] = await wire.framesOf(1);
    expect(close!.payload).toEqual(body(3001, 'moved'));
    expect(connection.state).toBe('closing');
    met.send([0x88, body(3001)]);
    await letTcpEnd();
    expect(wire.frames).toHaveLength(1);
    expect(log.closes[0]).toMatchObject({ code: 3001, reason: '', wasClean: true, initiator: 'local' });
  });

  it('sends one Close frame only when both begin at once, and ends clean', async () => {
    const { connection, wire, log } = await meet();
    met.send([0x88, body(4001)]);
    connection.close(4000);
    await until(() => wire.frames.length === 1);
    await letTcpEnd();
    expect(wire.frames).toHaveLength(1);
    expect(met.closeCodeSent).toBe(4000);
    expect(log.closes[0]).toMatchObject({ code: 4001, wasClean: true });
  });

  it('looks at nothing that comes behind a Close frame', async () => {
    const { wire, log } = await meet();
    met.send([0x88, body(1000)], [0x81, 'late'], [0x83, 'bad opcode'], [0x88, body(1001)]);
    await wire.framesOf(1);
    await letTcpEnd();
    expect(log.order).toEqual(['close']);
    expect(wire.frames).toHaveLength(1);
    expect(log.closes[0]).toMatchObject({ code: 1000, wasClean: true });
  });

  it('looks at nothing that comes behind a fault, not even a Close frame', async () => {
    const { log } = await meet();
    met.send([0x83, ''], [0x81, 'late'], [0x89, 'late'], [0x88, body(1000)]);
    expect(await met.failed()).toEqual({ sent: 1002, error: 'reserved_opcode' });
    expect(log.order).toEqual(['error', 'close']);
    expect(log.pings).toEqual([]);
    expect(log.closes[0]).toMatchObject({ code: 1002, wasClean: false, initiator: 'local' });
  });

  it('reports the loss of TCP as 1006, not clean', async () => {
    const { wire, log } = await meet();
    wire.socket.resetAndDestroy();
    await until(() => log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({
      code: 1006,
      reason: '',
      wasClean: false,
      error: { code: 'connection_lost' },
    });
    await met.stop();
    await meet();
    met.wire.socket.end();
    await until(() => met.log.closes.length === 1);
    expect(met.log.closes[0]).toMatchObject({ code: 1006, wasClean: false });
  });

  it('reports 1005 for a Close frame without a code', async () => {
    const { wire, log } = await meet();
    met.send([0x88, '']);
    await wire.framesOf(1);
    await letTcpEnd();
    expect(log.closes[0]).toMatchObject({ code: 1005, reason: '', wasClean: true });
  });

  it('ends TCP soon after a fault even when the peer does not', async () => {
    const { wire, log } = await meet();
    met.send([0x83, '']);
    await until(() => wire.hasEnded && log.closes.length === 1);
    expect(met.closeCodeSent).toBe(1002);
  });

  it('closes TCP after closeTimeoutMs when the peer never answers its Close frame', async () => {
    const { connection, log } = await meet({ closeTimeoutMs: 80 });
    connection.close(1000);
    await until(() => log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({ code: 1006, wasClean: false, error: { code: 'close_timeout' } });
  });

  it('closes with 1009 a message above its limit, and with 1008 a flood of pings', async () => {
    await meet({ maxMessageBytes: 10 });
    met.send([0x82, Buffer.alloc(11)]);
    expect(await met.failed()).toEqual({ sent: 1009, error: 'message_too_big' });
    await met.stop();
    await meet({ maxPingsPerSecond: 5 });
    met.send(...Array.from({ length: 20 }, () => [0x89, ''] as const));
    expect(await met.failed()).toEqual({ sent: 1008, error: 'too_many_pings' });
  });

  it('closes with 1011 when a handler throws, and reports it to onError', async () => {
    const { log } = await meet();
    log.onText = () => {
      throw new Error('mine');
    };
    met.send([0x81, 'x']);
    expect(await met.failed()).toEqual({ sent: 1011, error: 'handler_failed' });
    expect(log.errors[0]!.cause).toEqual(new Error('mine'));
  });
});

it('ends TCP first as a server: at once after both Close frames', async () => {
  met = await Encounter.open('server');
  met.connection.close(1000);
  await met.wire.framesOf(1);
  expect(met.wire.hasEnded).toBe(false);
  met.send([0x88, body(1000)]);
  await until(() => met.wire.hasEnded);
  expect(met.wire.isClosed).toBe(false);
});

it('waits as a client for the server to end TCP, and ends it when that takes too long', async () => {
  met = await Encounter.open('client', { options: { closeTimeoutMs: 250 } });
  met.send([0x88, body(1000)]);
  await met.wire.framesOf(1);
  const answeredAt = performance.now();
  await until(() => met.wire.hasEnded || met.wire.isClosed);
  expect(performance.now() - answeredAt).toBeGreaterThan(150);
  await until(() => met.log.closes.length === 1);
  expect(met.log.closes[0]).toMatchObject({ code: 1000, wasClean: true });
});

it('ends a client cleanly when the server has ended TCP', async () => {
  met = await Encounter.open('client');
  met.connection.close(1000);
  await met.wire.framesOf(1);
  met.send([0x88, body(1000)]);
  expect(met.wire.hasEnded).toBe(false);
  met.wire.socket.end();
  await until(() => met.log.closes.length === 1);
  expect(met.log.closes[0]).toMatchObject({ code: 1000, wasClean: true, error: undefined });
});
