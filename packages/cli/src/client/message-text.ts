// Messages as people and programs read them.

import type { LongwireMessage } from '@longwire/client';
import { textOfBody } from '@longwire/protocol';
import { printable } from '../terminal/printable.js';

/** The text of a message: `{ text }`, `{ title, text?, link? }` and a bare string are text, anything else is shown as JSON. */
export function messageText({ body, bodyText, bytes }: Pick<LongwireMessage, 'body' | 'bodyText' | 'bytes'>): string {
  if (bytes !== undefined) return `[${bytes.length} bytes]`;
  if (body === undefined) return '[retracted]';
  return printable(textOfBody(body, bodyText));
}

/** A message as the SDK delivers it, or as it is the newest entry of a channel: with its bytes in base64. */
type AnyMessage = Omit<LongwireMessage, 'own' | 'bytes'> & { readonly bytes?: Uint8Array | string | undefined };

/**
 * The message as one JSON object on one line: the body as it was sent, bytes in base64, as on the wire.
 * @param name  of its sender
 */
export function messageJson(message: AnyMessage, name?: string): string {
  const { channel, epoch, offset, from, at, body, bodyText, bytes, ...rest } = message;
  const position = JSON.stringify({ type: 'message', channel, epoch, offset, from, name, at });
  const base64 = typeof bytes === 'string' ? bytes : bytes && Buffer.from(bytes).toString('base64');
  const others = JSON.stringify({ bytes: base64, ...rest, type: undefined });
  const content = bodyText ?? JSON.stringify(body);
  const members = [position.slice(1, -1), content && `"body":${onOneLine(content)}`, others.slice(1, -1)];
  return printable(`{${members.filter(Boolean).join(',')}}`);
}

/** JSON text without the white space between its values, which may be newlines. */
function onOneLine(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}
