// Messages as people and programs read them.

import type { LongwireMessage } from '@longwire/client';
import { printable } from './printable.js';

/** The text of a message: `{ text }` and a bare string are text, anything else is shown as JSON. */
export function messageText({ body, bytes }: Pick<LongwireMessage, 'body' | 'bytes'>): string {
  if (bytes !== undefined) return `[${bytes.length} bytes]`;
  if (body === undefined) return '[retracted]';
  if (typeof body === 'string') return printable(body);
  const text = typeof body === 'object' && body !== null && 'text' in body ? body.text : undefined;
  return printable(typeof text === 'string' ? text : JSON.stringify(body));
}

/** The message as one JSON object on one line; bytes in base64, as on the wire. */
export function messageJson(message: LongwireMessage): string {
  const { channel, epoch, offset, from, at, bytes, ...rest } = message;
  const content = bytes === undefined ? {} : { bytes: Buffer.from(bytes).toString('base64') };
  return printable(JSON.stringify({ type: 'message', channel, epoch, offset, from, at, ...rest, ...content }));
}
