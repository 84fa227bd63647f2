// The body of an HTTP request, as a JSON object of bounded size.
import type { IncomingMessage } from 'node:http';

const maxCharacters = 65_536;

/** Rejects with a SyntaxError if the body is not a JSON object, and with a RangeError if it is too long. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part;
    if (text.length > maxCharacters) throw new RangeError(`A body has at most ${maxCharacters} characters.`);
  }
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SyntaxError('Expected a JSON object.');
}
