// Output that waits is kept in few pieces.

// A piece costs about a hundred bytes beside what it holds. So many small ones in a row, which only a peer that does not read
// or a streamed message ahead of them lets gather, become one: what waits then costs what it is counted as.
export const COMPACT_PIECES = 512;
const COMPACT_UP_TO_BYTES = 65_536;

/** Makes one of the last `count` pieces, of so many bytes in all, if they are small. */
export function compactLast(pieces: Buffer[], count: number, bytes: number): void {
  if (bytes > COMPACT_UP_TO_BYTES) return;
  const last = pieces.splice(pieces.length - count);
  pieces.push(Buffer.concat(last, bytes));
}
