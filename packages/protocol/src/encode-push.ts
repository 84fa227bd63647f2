// Pushes as text, by concatenation: a body is never parsed or serialised again. It cannot break the frame around it,
// because it went through JSON.parse as a part of the command that brought it, and what was cut out is one whole value.

import type { Address } from './address.js';
import type { UserId } from './ids.js';
import type { Epoch, Position } from './position.js';
import type { GapReason } from './pushes.js';

/** What the log keeps of a message; the channel is named per viewer. */
export interface StoredMessage {
  readonly epoch: Epoch;
  readonly offset: number;
  readonly from: UserId;
  readonly at: number;
  /** JSON text as received (`json`), or canonical base64 (`base64`). */
  readonly body: string;
  readonly bodyFormat: 'json' | 'base64';
  readonly slot: string | undefined;
  /** JSON text of the object. */
  readonly headers: string | undefined;
  readonly contentType: string | undefined;
  readonly replyTo: Position | undefined;
}

/**
 * A `message`, as push and as item of `history` alike.
 * @param channel  the address as the viewer speaks it
 * @param key  the idempotency key, for the sender's own devices; undefined for everybody else
 */
export function encodeMessagePush(message: StoredMessage, channel: Address, key: string | undefined): string {
  let text = `{"type":"message","channel":${JSON.stringify(channel)},"epoch":${JSON.stringify(message.epoch)}`;
  text += `,"offset":${message.offset},"from":${JSON.stringify(message.from)},"at":${message.at}`;
  if (key !== undefined) text += `,"key":${JSON.stringify(key)}`;
  if (message.slot !== undefined) text += `,"slot":${JSON.stringify(message.slot)}`;
  if (message.headers !== undefined) text += `,"headers":${message.headers}`;
  if (message.contentType !== undefined) text += `,"contentType":${JSON.stringify(message.contentType)}`;
  if (message.replyTo !== undefined) text += `,"replyTo":${encodePosition(message.replyTo)}`;
  // Base64 has no character that JSON escapes.
  return message.bodyFormat === 'json' ? `${text},"body":${message.body}}` : `${text},"bytes":"${message.body}"}`;
}

export interface ReceiptState {
  readonly user: UserId;
  readonly epoch: Epoch;
  readonly delivered: number | undefined;
  readonly read: number | undefined;
}

/** A `receipt`; what is undefined is left out. */
export function encodeReceiptPush(receipt: ReceiptState, channel: Address): string {
  let text = `{"type":"receipt","channel":${JSON.stringify(channel)},"user":${JSON.stringify(receipt.user)}`;
  text += `,"epoch":${JSON.stringify(receipt.epoch)}`;
  if (receipt.delivered !== undefined) text += `,"delivered":${receipt.delivered}`;
  if (receipt.read !== undefined) text += `,"read":${receipt.read}`;
  return `${text}}`;
}

export interface Gap {
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly next: number;
  readonly reason: GapReason;
}

/** A `gap`. */
export function encodeGapPush(gap: Gap, channel: Address): string {
  const { epoch, from, to, next, reason } = gap;
  return `{"type":"gap","channel":${JSON.stringify(channel)},"epoch":${JSON.stringify(epoch)},"from":${from},"to":${to},"next":${next},"reason":"${reason}"}`;
}

export interface Goodbye {
  readonly code: number;
  readonly reason: string;
  readonly reconnect: boolean;
  readonly afterMs?: number | undefined;
}

/** A `goodbye`. */
export function encodeGoodbyePush(goodbye: Goodbye): string {
  const { code, reason, reconnect, afterMs } = goodbye;
  return JSON.stringify({ type: 'goodbye', code, reason, reconnect, afterMs });
}

function encodePosition(position: Position): string {
  return `{"epoch":${JSON.stringify(position.epoch)},"offset":${position.offset}}`;
}
