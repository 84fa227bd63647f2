// One JSON string literal. Most texts that the server encodes are ids without a character to escape.

// All but what RFC 8259 §7 escapes, and surrogates, of which JSON.stringify escapes those that are alone.
const plain = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** The same as `JSON.stringify(text)`, in less than half of its time where nothing is escaped. */
export function jsonString(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}
