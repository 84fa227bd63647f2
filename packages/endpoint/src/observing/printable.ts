// What peers wrote, as text that a terminal can be shown.

// JSON leaves these alone: DEL and C1 controls, which terminals obey, and marks that turn the direction of a line.
const unprintable = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** In double quotes, with everything escaped that would do something to a terminal. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(unprintable, escaped);
}

/** As {@link quoted}, without the quotes. */
export function plain(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replace(unprintable, escaped);
}

/** `de ad be ef`, at most `limit` bytes of it. */
export function hex(bytes: Uint8Array, limit: number): string {
  return Buffer.from(bytes.subarray(0, limit))
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
