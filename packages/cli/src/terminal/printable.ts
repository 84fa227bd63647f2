// Text of strangers, made safe for a terminal: a message must not move the cursor, change the title of the window or
// reorder what is around it.

// Control characters (ESC and the C1 range among them, tab and newline excepted), line separators, and the marks that
// change the direction of the text around them (UAX #9 §2: embeddings, overrides, isolates, LRM, RLM, ALM).
const unsafe = /(?![\t\n])[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The text with every unsafe character written as `\u001b`. Tabs and newlines stay. The result for JSON text is JSON
 * text of the same value, because in JSON these characters stand in strings only.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
