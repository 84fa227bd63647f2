// What a message says, as one text.

import type { LongwireMessage } from '@longwire/client';

type Content = Pick<LongwireMessage, 'body' | 'bytes'>;

/** `{ text }` and a bare string are text; anything else is shown as JSON. */
export function messageText({ body, bytes }: Content): string {
  if (bytes !== undefined) return `[${bytes.length} bytes 字节]`;
  if (body === undefined) return '[retracted 已撤回]';
  if (typeof body === 'string') return body;
  const text = typeof body === 'object' && body !== null && 'text' in body ? body.text : undefined;
  return typeof text === 'string' ? text : JSON.stringify(body);
}
