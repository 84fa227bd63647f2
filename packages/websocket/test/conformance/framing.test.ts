// RFC 6455 §5.1-5.3: masking by role, reserved bits and opcodes, lengths; each fault as bytes to a live connection.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/frame/opcode.js';
import { hex, toHex } from '../support/hex.js';
import { Encounter, type EncounterOptions, ROLES } from './encounter.js';

let met: Encounter;

async function meet(role: Role, more?: EncounterOptions): Promise<Encounter> {
  met = await Encounter.open(role, more);
  return met;
}

afterEach(() => met.stop());

/** What our end does with these very bytes. */
async function reaction(role: Role, bytes: string, more?: EncounterOptions): Promise<string> {
  const { wire } = await meet(role, more);
  wire.send(hex(bytes));
  const { sent, error } = await met.failed();
  await met.stop();
  return `${sent} ${error}`;
}

describe('masking, §5.1 and §5.3', () => {
  it('closes with 1002 on an unmasked frame from a client, whatever its kind', async () => {
    for (const bytes of ['81 05 48 65 6c 6c 6f', '82 00', '01 00', '80 00', '89 00', '8a 00', '88 02 03 e8']) {
      expect(await reaction('server', bytes)).toBe('1002 mask_required');
    }
  });

  it('closes with 1002 on a masked frame from a server, whatever its kind', async () => {
    for (const bytes of ['81 85 37 fa 21 3d 7f 9f 4d 51 58', '82 80 00 00 00 00', '89 80 01 02 03 04', '88 80 01 02']) {
      expect(await reaction('client', bytes)).toBe('1002 mask_forbidden');
    }
  });

  it('masks every frame that a client sends, control frames and empty ones too', async () => {
    const { connection, wire } = await meet('client');
    connection.sendText('Hello');
    connection.sendBinary(new Uint8Array(300));
    connection.sendText('');
    const message = connection.startMessage('text');
    await message.write('part');
    await message.end();
    connection.ping(Buffer.from('p'));
    connection.pong();
    connection.close(1000, 'bye');
    const frames = await wire.framesOf(8);
    expect(frames.map(({ first }) => first.toString(16)).sort()).toEqual(
      ['81', '82', '81', '1', '80', '89', '8a', '88'].sort(),
    );
    expect(frames.every(({ maskKey }) => maskKey?.length === 4)).toBe(true);
    expect(frames[0]!.payload.toString()).toBe('Hello');
  });

  it('masks no frame that a server sends', async () => {
    const { connection, wire } = await meet('server');
    connection.sendText('Hello');
    connection.ping();
    connection.close();
    await wire.framesOf(3);
    // The ping passes the queued text.
    expect(wire.hex).toBe('89 00 81 05 48 65 6c 6c 6f 88 02 03 e8');
  });

  it('takes a fresh key for every frame, from the whole range', async () => {
    const { connection, wire } = await meet('client');
    for (let i = 0; i < 2000; i++) connection.sendText('same');
    const keys = (await wire.framesOf(2000)).map(({ maskKey }) => toHex(maskKey!));
    // 2 000 of 2^32: one pair alike happens once in two thousand runs, two pairs never.
    expect(new Set(keys).size).toBeGreaterThanOrEqual(1999);
    for (let at = 0; at < 4; at++) {
      const bytes = new Set(keys.map((key) => key.split(' ')[at]));
      expect(bytes.size).toBeGreaterThan(240);
    }
  });

  it('unmasks with any key, that of zeroes too, at any cut', async () => {
    await meet('server');
    const { wire, log } = met;
    wire.send(hex('81 85 37 fa 21 3d 7f 9f 4d 51 58'), hex('81 85 00 00 00 00 48 65 6c 6c 6f'));
    wire.send(hex('81 85 ff ff'), hex('ff ff b7'), hex('9a 93'), hex('93 90'));
    await until(() => log.texts.length === 3);
    expect(log.texts).toEqual(['Hello', 'Hello', 'Hello']);
  });
});

describe.each(ROLES)('the header as %s, §5.2', (role) => {
  const mask = role === 'server' ? 0x80 : 0;
  const key = role === 'server' ? ' 00 00 00 00' : '';
  const byte = (value: number): string => value.toString(16).padStart(2, '0');

  it('fails with 1002 on a reserved bit that no extension defined', async () => {
    for (const first of ['c1', 'a1', '91', 'f1', 'd2', 'c9', 'a8', '9a']) {
      expect(await reaction(role, `${first} ${byte(mask)}${key}`)).toBe('1002 reserved_bits');
    }
  });

  it('fails with 1002 on each reserved opcode', async () => {
    for (const opcode of [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf]) {
      expect(await reaction(role, `${byte(0x80 | opcode)} ${byte(mask)}${key}`)).toBe('1002 reserved_opcode');
    }
  });

  it('fails with 1002 on a length that is not in its shortest form', async () => {
    expect(await reaction(role, `82 ${byte(mask | 126)} 00 7d`)).toBe('1002 length_not_minimal');
    expect(await reaction(role, `82 ${byte(mask | 126)} 00 00`)).toBe('1002 length_not_minimal');
    expect(await reaction(role, `81 ${byte(mask | 127)} 00 00 00 00 00 00 ff ff`)).toBe('1002 length_not_minimal');
  });

  it('fails with 1002 on a 64-bit length whose highest bit is set', async () => {
    expect(await reaction(role, `82 ${byte(mask | 127)} 80 00 00 00 00 00 00 00`)).toBe('1002 length_out_of_range');
    expect(await reaction(role, `82 ${byte(mask | 127)} ff`)).toBe('1002 length_out_of_range');
  });

  it('takes lengths at each border of their forms', async () => {
    await meet(role);
    for (const bytes of [0, 1, 125, 126, 127, 65_535, 65_536]) met.send([0x82, Buffer.alloc(bytes, 1)]);
    await until(() => met.log.binaries.length === 7);
    expect(met.log.binaries.map(({ length }) => length)).toEqual([0, 1, 125, 126, 127, 65_535, 65_536]);
  });

  it('sends each length in its shortest form, in network byte order', async () => {
    const { connection, wire } = await meet(role);
    const ownMask = role === 'client' ? 0x80 : 0;
    const starts = [
      [125, `82 ${byte(ownMask | 125)}`],
      [126, `82 ${byte(ownMask | 126)} 00 7e`],
      [65_535, `82 ${byte(ownMask | 126)} ff ff`],
      [65_536, `82 ${byte(ownMask | 127)} 00 00 00 00 00 01 00 00`],
    ] as const;
    for (const [bytes, start] of starts) {
      wire.take();
      connection.sendBinary(new Uint8Array(bytes));
      await wire.framesOf(1);
      expect(wire.hex.startsWith(`${start} `)).toBe(true);
    }
  });

  it('sends no reserved bit and no reserved opcode', async () => {
    const { connection, wire } = await meet(role);
    connection.sendText('t');
    connection.sendBinary(new Uint8Array(1));
    connection.ping();
    connection.pong();
    connection.close();
    const frames = await wire.framesOf(5);
    expect(frames.map(({ first }) => first).sort()).toEqual([0x81, 0x82, 0x88, 0x89, 0x8a]);
  });

  it('has answered what came before a fault when it reports the fault', async () => {
    await meet(role);
    met.log.onText = (connection, text) => connection.sendText(text);
    met.send([0x81, 'before'], [0x89, 'ping'], [0xb1, 'bad'], [0x81, 'after']);
    expect(await met.failed()).toEqual({ sent: 1002, error: 'reserved_bits' });
    const frames = met.wire.frames.map(({ first, payload }) => [first, payload.toString()]);
    expect(frames.slice(0, -1).sort()).toEqual([
      [0x81, 'before'],
      [0x8a, 'ping'],
    ]);
  });
});
