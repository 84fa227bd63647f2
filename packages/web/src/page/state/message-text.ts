// The content of a message as one text.

import type { LongwireMessage } from '@longwire/client';
import { type MessageEntry, textOfBody } from '@longwire/protocol';

type Content = Pick<LongwireMessage, 'body' | 'bodyText' | 'bytes'> | MessageEntry;

/** `{ text }` and a bare string are text; anything else is shown as JSON. */
export function messageText(content: Content): string {
  const { body, bodyText, bytes } = content;
  // The summary of a conversation leaves out what is long.
  if ('truncated' in content && content.truncated === true) return '[long message 长消息]';
  if (bytes !== undefined) return `[${byteLength(bytes)} bytes 字节]`;
  if (body === undefined) return '[retracted 已撤回]';
  return textOfBody(body, bodyText);
}

/** The summary of a conversation has its newest message as on the wire, with bytes in base64. */
function byteLength(bytes: Uint8Array | string): number {
  if (typeof bytes !== 'string') return bytes.length;
  return Math.floor((bytes.replace(/=+$/, '').length * 3) / 4);
}
