// The payload of pings and pongs.
import { WebSocketError } from '../errors.js';
import { MAX_CONTROL_BYTES } from '../frame/header.js';
import { assertBytes } from './payload-type.js';

/** RFC 6455 §5.5: at most 125 bytes. @throws WebSocketError `invalid_payload` */
export function assertControlPayload(payload: Uint8Array): void {
  assertBytes(payload);
  if (payload.length <= MAX_CONTROL_BYTES) return;
  throw new WebSocketError('invalid_payload', `a control frame has at most ${MAX_CONTROL_BYTES} bytes`);
}
