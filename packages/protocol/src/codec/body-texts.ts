// The exact texts of the bodies in a message of the server. JSON.parse loses what its numbers cannot hold: 1e400 becomes
// Infinity, and of 12345678901234567890 the last digits change.

import type { JsonObject } from './field-reader.js';

/**
 * Sets `bodyText` of every message entry: of a push, of a page of history, and of `last` in a list of channels.
 * @param source  what JSON.parse made of `text`, checked
 */
export function addBodyTexts(source: JsonObject, text: string): void {
  addBodyText(source, text);
  const members = membersOf(text);
  forEachItem(source['entries'], members.get('entries'), addBodyText);
  forEachItem(source['channels'], members.get('channels'), (channel, channelText) => {
    const lastText = membersOf(channelText).get('last');
    if (lastText !== undefined) addBodyText(channel['last'] as JsonObject, lastText);
  });
}

function addBodyText(entry: JsonObject, text: string): void {
  if (entry['type'] === 'message') (entry as Record<string, unknown>)['bodyText'] = membersOf(text).get('body');
}

function forEachItem(items: unknown, text: string | undefined, run: (item: JsonObject, text: string) => void): void {
  if (!Array.isArray(items) || text === undefined) return;
  for (const [index, itemText] of membersOf(text)) run(items[Number(index)] as JsonObject, itemText);
}

// Strings are one token, so that punctuation inside them does not count.
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g;

/** The texts of the values in a JSON object or array, by name or index; of duplicate names, the last. */
function membersOf(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let start = 0;
  let name: string | undefined;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    const isOpening = token === '{' || token === '[';
    if (isOpening) depth += 1;
    if (depth === 1 && token.length === 1) {
      const value = text.slice(start, index).trim();
      if (token === ':') name = JSON.parse(value) as string;
      else if (!isOpening && value !== '') members.set(name ?? String(members.size), value);
      start = index + 1;
    }
    if (token === '}' || token === ']') depth -= 1;
  }
  return members;
}
