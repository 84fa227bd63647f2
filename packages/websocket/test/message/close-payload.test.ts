import { describe, expect, it } from 'vitest';
import {
  decodeClosePayload,
  encodeClosePayload,
  fitCloseReason,
  isCloseCodeOnWire,
  MAX_CLOSE_REASON_BYTES,
} from '../../src/message/close-payload.js';
import { hex, toHex } from '../support/hex.js';

describe('codes that may stand in a Close frame, RFC 6455 §7.4', () => {
  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'takes %i in both directions',
    (code) => {
      expect(isCloseCodeOnWire(code)).toBe(true);
      expect(decodeClosePayload(encodeClosePayload(code, 'x'))).toEqual({ code, reason: 'x' });
    },
  );

  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    'neither sends nor takes %i',
    (code) => {
      expect(() => encodeClosePayload(code, '')).toThrowError(expect.objectContaining({ code: 'invalid_close_code' }));
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      expect(decodeClosePayload(payload)).toMatchObject({ code: 'close_payload_invalid', closeCode: 1002 });
    },
  );
});

it('writes the code first, then the reason in UTF-8', () => {
  expect(toHex(encodeClosePayload(1000, 'ß'))).toBe('03 e8 c3 9f');
  expect(encodeClosePayload(undefined, '')).toHaveLength(0);
});

it('reads an empty payload as 1005 and refuses a single byte', () => {
  expect(decodeClosePayload(Buffer.alloc(0))).toEqual({ code: 1005, reason: '' });
  expect(decodeClosePayload(hex('03'))).toMatchObject({ code: 'close_payload_invalid', closeCode: 1002 });
});

it('refuses a reason that is not UTF-8 with 1007', () => {
  expect(decodeClosePayload(hex('03 e8 ed a0 80'))).toMatchObject({ code: 'invalid_utf8', closeCode: 1007 });
});

it('takes a reason of 123 bytes and refuses one of 124', () => {
  expect(MAX_CLOSE_REASON_BYTES).toBe(123);
  expect(encodeClosePayload(1000, 'a'.repeat(123))).toHaveLength(125);
  expect(() => encodeClosePayload(1000, 'ß'.repeat(62))).toThrowError(
    expect.objectContaining({ code: 'invalid_close_reason' }),
  );
});

it.each([null, 7, Buffer.from('bye'), {}])('rejects the close reason %j, which is not a string', (reason) => {
  expect(() => encodeClosePayload(1000, reason as never)).toThrowError(
    expect.objectContaining({
      code: 'invalid_close_reason',
      message: expect.stringMatching(/a close reason is a text/),
    }),
  );
});

it('cuts a reason that is too long at a character', () => {
  expect(fitCloseReason('short')).toBe('short');
  expect(fitCloseReason('€'.repeat(50))).toBe('€'.repeat(41));
  expect(fitCloseReason(`a${'€'.repeat(50)}`)).toBe(`a${'€'.repeat(40)}`);
});
