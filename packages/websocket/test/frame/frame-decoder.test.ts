import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, type FrameSink } from '../../src/frame/frame-decoder.js';
import { encodeFrame, firstByte } from '../../src/frame/frame-encoder.js';
import type { Role } from '../../src/frame/opcode.js';
import { cut, hex, maskedFrame } from '../support/hex.js';

/** Writes events down; payload pieces are joined, because how a payload is cut is the only thing chunking may change. */
class FrameLog implements FrameSink {
  readonly events: string[] = [];
  #payload = '';

  onDataFrame(opcode: number, isFinal: boolean, isCompressed: boolean, payloadBytes: number): void {
    this.events.push(`data ${opcode}${isFinal ? ' fin' : ''}${isCompressed ? ' rsv1' : ''} ${payloadBytes}`);
    this.#payload = '';
  }
  onDataPayload(piece: Buffer): void {
    this.#payload += piece.toString('hex');
  }
  onDataFrameEnd(): void {
    this.events.push(`payload ${this.#payload}`);
  }
  onControlFrame(opcode: number, payload: Buffer): void {
    this.events.push(`control ${opcode} ${payload.toString('hex')}`);
  }
  onFrameError(error: { code: string; closeCode: number | undefined }): void {
    this.events.push(`error ${error.code} ${error.closeCode}`);
  }
}

function decode(role: Role, chunks: readonly Uint8Array[], allowsRsv1 = false): string[] {
  const log = new FrameLog();
  const decoder = new FrameDecoder(role, log, allowsRsv1);
  for (const chunk of chunks) decoder.push(Buffer.from(chunk));
  return log.events;
}

describe('the examples of RFC 6455 §5.7', () => {
  it('reads a single-frame unmasked text message', () => {
    expect(decode('client', [hex('81 05 48 65 6c 6c 6f')])).toEqual(['data 1 fin 5', 'payload 48656c6c6f']);
  });

  it('reads a single-frame masked text message', () => {
    expect(decode('server', [hex('81 85 37 fa 21 3d 7f 9f 4d 51 58')])).toEqual(['data 1 fin 5', 'payload 48656c6c6f']);
  });

  it('reads a fragmented unmasked text message', () => {
    expect(decode('client', [hex('01 03 48 65 6c'), hex('80 02 6c 6f')])).toEqual([
      'data 1 3',
      'payload 48656c',
      'data 0 fin 2',
      'payload 6c6f',
    ]);
  });

  it('reads an unmasked ping and a masked pong', () => {
    expect(decode('client', [hex('89 05 48 65 6c 6c 6f')])).toEqual(['control 9 48656c6c6f']);
    expect(decode('server', [hex('8a 85 37 fa 21 3d 7f 9f 4d 51 58')])).toEqual(['control 10 48656c6c6f']);
  });

  it('reads 256 bytes with a 16-bit and 64 KiB with a 64-bit length', () => {
    expect(decode('client', [hex('82 7e 01 00'), Buffer.alloc(256)])[0]).toBe('data 2 fin 256');
    expect(decode('client', [hex('82 7f 00 00 00 00 00 01 00 00'), Buffer.alloc(65_536)])[0]).toBe('data 2 fin 65536');
  });
});

describe('what RFC 6455 §5.2 and §5.5 forbid', () => {
  const cases: ReadonlyArray<readonly [string, Role, string, string]> = [
    ['RSV1 without an extension', 'client', 'c1', 'reserved_bits'],
    ['RSV2', 'client', 'a1', 'reserved_bits'],
    ['RSV3', 'client', '91', 'reserved_bits'],
    ...[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].map(
      (opcode) => [`opcode ${opcode}`, 'client', `8${opcode.toString(16)}`, 'reserved_opcode'] as const,
    ),
    ['a control frame without FIN', 'client', '09', 'control_fragmented'],
    ['a control frame of 126 bytes', 'client', '89 7e', 'control_too_long'],
    ['a Close frame with a 64-bit length', 'client', '88 7f', 'control_too_long'],
    ['an unmasked frame from a client', 'server', '81 05', 'mask_required'],
    ['a masked frame from a server', 'client', '81 85', 'mask_forbidden'],
    ['125 bytes told with 16 bits', 'client', '82 7e 00 7d', 'length_not_minimal'],
    ['65535 bytes told with 64 bits', 'client', '82 7f 00 00 00 00 00 00 ff ff', 'length_not_minimal'],
    ['a 64-bit length with its highest bit set', 'client', '82 7f 80', 'length_out_of_range'],
  ];

  it.each(cases)('refuses %s with 1002, at the byte that says so', (_title, role, bytes, code) => {
    const whole = hex(bytes);
    expect(decode(role, [whole])).toEqual([`error ${code} 1002`]);
    expect(decode(role, [whole.subarray(0, -1)])).toEqual([]);
  });

  it('looks at nothing that follows a fault', () => {
    expect(decode('client', [hex('83 00 81 00'), hex('81 00')])).toEqual(['error reserved_opcode 1002']);
  });

  it('takes RSV1 only on the first frame of a data message when an extension defines it', () => {
    expect(decode('client', [hex('c1 01 00')], true)).toEqual(['data 1 fin rsv1 1', 'payload 00']);
    expect(decode('client', [hex('c0 00')], true)).toEqual(['error reserved_bits 1002']);
    expect(decode('client', [hex('c9 00')], true)).toEqual(['error reserved_bits 1002']);
    expect(decode('client', [hex('e1 00')], true)).toEqual(['error reserved_bits 1002']);
  });
});

it('announces a frame on its length alone, before mask key and payload', () => {
  expect(decode('server', [hex('82 ff 00 20 00 00 00 00 00 01')])).toEqual(['data 2 fin 9007199254740992']);
});

it('gives a control frame between fragments at its place', () => {
  expect(decode('client', [hex('01 01 61 89 01 70 80 01 62')])).toEqual([
    'data 1 1',
    'payload 61',
    'control 9 70',
    'data 0 fin 1',
    'payload 62',
  ]);
});

it('keeps no more than the payload of a control frame whose rest has not come', () => {
  const payloads: Buffer[] = [];
  const log = new FrameLog();
  log.onControlFrame = (_opcode, payload) => payloads.push(payload);
  const decoder = new FrameDecoder('client', log, false);
  for (const piece of ['89 05 48', '65 6c', '6c 6f']) decoder.push(Buffer.from(hex(piece)));
  expect(payloads.map(String)).toEqual(['Hello']);
  expect(payloads[0]!.buffer.byteLength).toBe(5);
});

it('reads empty frames, masked and not', () => {
  expect(decode('client', [hex('81 00 89 00 82 00')])).toEqual([
    'data 1 fin 0',
    'payload ',
    'control 9 ',
    'data 2 fin 0',
    'payload ',
  ]);
  expect(decode('server', [hex('81 80 01 02 03 04')])).toEqual(['data 1 fin 0', 'payload ']);
});

const frame = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
  isFinal: fc.boolean(),
  payload: fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ minLength: 120, maxLength: 400 })),
});

it('gives the same events for any chunking of the same bytes', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const bytes = Buffer.concat(
        frames.map(({ opcode, isFinal, payload }) => maskedFrame((isFinal ? 0x80 : 0) | opcode, payload)),
      );
      const whole = decode('server', [bytes]);
      expect(decode('server', cut(bytes, cuts))).toEqual(whole);
      expect(
        decode(
          'server',
          [...bytes].map((byte) => Buffer.from([byte])),
        ),
      ).toEqual(whole);
    }),
  );
});

it('decodes what the encoder of either role has encoded', () => {
  fc.assert(
    fc.property(fc.constantFrom<Role>('server', 'client'), fc.uint8Array({ maxLength: 70_000 }), (role, payload) => {
      const receiver = role === 'server' ? 'client' : 'server';
      const events = decode(receiver, [encodeFrame(role, firstByte(2, true, false), payload)]);
      expect(events).toEqual([`data 2 fin ${payload.length}`, `payload ${Buffer.from(payload).toString('hex')}`]);
    }),
    { numRuns: 40 },
  );
});

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, allowsRsv1) => {
      decode('server', [bytes], allowsRsv1);
      decode('client', [bytes], allowsRsv1);
    }),
    { numRuns: 2000 },
  );
});

it('FrameDecoder keeps bytes pushed while suspended, also from inside an event, and continues with them on resume', () => {
  const log = new FrameLog();
  const decoder = new FrameDecoder('client', log, false);
  const end = log.onDataFrameEnd.bind(log);
  log.onDataFrameEnd = () => {
    end();
    decoder.suspend();
  };
  decoder.push(hex('81 01 61 81 01 62 81'));
  decoder.push(hex('01 63'));
  expect(log.events).toEqual(['data 1 fin 1', 'payload 61']);
  decoder.resume();
  expect(log.events.at(-1)).toBe('payload 62');
  decoder.resume();
  expect(log.events.at(-1)).toBe('payload 63');
});
