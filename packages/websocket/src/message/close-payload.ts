// The payload of a Close frame: RFC 6455 §5.5.1 and the codes of §7.4.
import { isUtf8 } from 'node:buffer';
import { WebSocketCloseCode } from '../close-codes.js';
import { WebSocketError } from '../errors.js';

/** RFC 6455 §5.5: 125 bytes of a control frame, less two for the code. In bytes of UTF-8. */
export const MAX_CLOSE_REASON_BYTES = 123;

/**
 * Whether a code may stand in a Close frame. RFC 6455 §7.4: 1004-1006 and 1015 are reserved, 1012-1014 are registered with
 * IANA, 1016-2999 are for later versions, 3000-4999 for libraries and applications.
 */
export function isCloseCodeOnWire(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
  return code >= 3000 && code <= 4999;
}

/** @throws WebSocketError `invalid_close_code`, `invalid_close_reason` */
export function encodeClosePayload(code: number | undefined, reason: string): Buffer {
  if (code === undefined) {
    if (reason === '') return Buffer.alloc(0);
    throw new WebSocketError('invalid_close_code', 'a close reason needs a close code before it');
  }
  if (typeof code !== 'number') {
    const message = `a close code is a number, not ${JSON.stringify(code)}; a close reason is the second argument`;
    throw new WebSocketError('invalid_close_code', message);
  }
  if (!isCloseCodeOnWire(code)) {
    throw new WebSocketError('invalid_close_code', `${code} must not be sent; use 1000-1003, 1007-1014 or 3000-4999`);
  }
  if (typeof reason !== 'string') {
    throw new WebSocketError('invalid_close_reason', `a close reason is a text, not ${String(reason)}`);
  }
  const reasonBytes = Buffer.byteLength(reason);
  if (reasonBytes > MAX_CLOSE_REASON_BYTES) {
    throw new WebSocketError(
      'invalid_close_reason',
      `a close reason has at most ${MAX_CLOSE_REASON_BYTES} bytes of UTF-8, this one has ${reasonBytes}`,
    );
  }
  const payload = Buffer.allocUnsafe(2 + reasonBytes);
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2, 'utf8');
  return payload;
}

export interface ClosePayload {
  /** As received, or 1005 when the frame was empty. */
  readonly code: number;
  readonly reason: string;
}

/** Decodes the payload of a received Close frame; returns an error if it is invalid (1002, or 1007 for the reason). */
export function decodeClosePayload(payload: Buffer): ClosePayload | WebSocketError {
  if (payload.length === 0) return { code: WebSocketCloseCode.noStatusReceived, reason: '' };
  if (payload.length === 1) {
    return new WebSocketError('close_payload_invalid', 'a Close frame has no payload or at least two bytes');
  }
  const code = payload.readUInt16BE(0);
  if (!isCloseCodeOnWire(code)) {
    return new WebSocketError('close_payload_invalid', `close code ${code} must not be sent`);
  }
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) return new WebSocketError('invalid_utf8', 'a close reason that is not UTF-8');
  return { code, reason: reason.toString('utf8') };
}

/** `reason` truncated to what fits into a Close frame, at a character boundary. For reasons not written by the caller. */
export function fitCloseReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_CLOSE_REASON_BYTES) return reason;
  let end = MAX_CLOSE_REASON_BYTES;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
