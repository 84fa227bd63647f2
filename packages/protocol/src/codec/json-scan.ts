// One linear pass over a JSON text before it is parsed: its depth, and the positions of a command's own fields.
//
// It does not validate. Its results are exact for every text that JSON.parse accepts (quotes delimit strings, brackets
// nest) and are discarded for every other text. Parsing alone is not enough: JSON.parse recurses, and serialising a
// parsed body would change it, because numbers such as 1e400 and duplicate names do not survive.

/** A part of a text, `end` exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** Where the *last* top-level field of each name is: of duplicates, JSON.parse takes the last. */
export interface JsonScan {
  /** The deepest nesting of arrays and objects. */
  readonly depth: number;
  readonly body: TextSpan | undefined;
  readonly data: TextSpan | undefined;
  readonly id: TextSpan | undefined;
  readonly type: TextSpan | undefined;
}

type SpannedField = 'body' | 'data' | 'id' | 'type';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Those of four characters. The other one is `id`. */
const longNames = ['body', 'data', 'type'] as const;
// With the quotes: two characters, four characters, and four as \uXXXX.
const shortestKeyLiteral = 4;
const longestPlainKeyLiteral = 6;
const longestKeyLiteral = 26;

/** Scans any `text` in one pass, in time and memory linear in its length. */
export function scanJson(text: string): JsonScan {
  let depth = 0;
  let deepest = 0;
  // In the top-level object: whether the next string is a key, and the field whose value is being read.
  let isKeyNext = false;
  let field: SpannedField | undefined;
  let valueStart = 0;
  const spans: Record<SpannedField, TextSpan | undefined> = {
    body: undefined,
    data: undefined,
    id: undefined,
    type: undefined,
  };

  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case quote: {
        const last = closingQuote(text, index);
        if (isKeyNext) {
          field = spannedField(text, index, last + 1);
          isKeyNext = false;
        }
        index = last;
        break;
      }
      case openBrace:
      case openBracket:
        depth += 1;
        if (depth > deepest) deepest = depth;
        if (depth === 1) isKeyNext = text.charCodeAt(index) === openBrace;
        break;
      case closeBrace:
      case closeBracket:
        if (depth === 1 && field !== undefined) {
          spans[field] = trimmed(text, valueStart, index);
          field = undefined;
        }
        depth -= 1;
        break;
      case colon:
        if (depth === 1) valueStart = index + 1;
        break;
      case comma:
        if (depth !== 1) break;
        if (field !== undefined) spans[field] = trimmed(text, valueStart, index);
        field = undefined;
        isKeyNext = true;
        break;
      default:
    }
  }
  return { depth: deepest, body: spans.body, data: spans.data, id: spans.id, type: spans.type };
}

/** The index of the closing quote of the string that starts at `start`, or the end of the text. */
function closingQuote(text: string, start: number): number {
  // indexOf is many times faster than a loop on a long string. Each run of backslashes is counted once, by the quote
  // after it, so the whole stays linear.
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (first - 1 > start && text.charCodeAt(first - 1) === backslash) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}

function spannedField(text: string, start: number, end: number): SpannedField | undefined {
  const length = end - start;
  if (length === shortestKeyLiteral) return text.startsWith('id', start + 1) ? 'id' : undefined;
  if (length === longestPlainKeyLiteral) {
    for (const name of longNames) if (text.startsWith(name, start + 1)) return name;
    return undefined;
  }
  // All others are spelled with escapes.
  if (length < longestPlainKeyLiteral || length > longestKeyLiteral) return undefined;
  const literal = text.slice(start, end);
  if (!literal.includes('\\')) return undefined;
  const name = unescaped(literal);
  return name === 'id' ? name : longNames.find((longName) => longName === name);
}

function unescaped(literal: string): unknown {
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}

function trimmed(text: string, start: number, end: number): TextSpan {
  while (start < end && isJsonSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isJsonSpace(text.charCodeAt(end - 1))) end -= 1;
  return { start, end };
}

// RFC 8259 §2: exactly these four.
function isJsonSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
