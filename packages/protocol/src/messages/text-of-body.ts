// How Longwire's own clients show a body.

import type { JsonValue } from './json-value.js';

/**
 * The text of a body: `{ text }`, `{ title, text?, link? }` and a bare string by convention, every other value as JSON.
 * @param bodyText  the exact JSON text of `body`, if it was kept: JSON.stringify writes 1e400 as null
 */
export function textOfBody(body: JsonValue, bodyText?: string): string {
  if (typeof body === 'string') return body;
  const { title, text, link }: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  if (typeof title === 'string') {
    const more = [text, link].filter((part) => typeof part === 'string');
    return more.length === 0 ? title : `${title}: ${more.join(' ')}`;
  }
  return typeof text === 'string' ? text : (bodyText ?? JSON.stringify(body));
}
