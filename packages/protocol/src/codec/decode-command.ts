// Text → command, with every field checked. All messages of clients reach the server's rules through this function.

import type { ErrorCode } from '../catalogue/error-catalogue.js';
import { defaultSessionLimits, fieldLimits } from '../catalogue/limits.js';
import { commandTypes } from '../messages/commands.js';
import { type CommandId, isCommandId } from '../names/ids.js';
import { type ReceivedCommand, readCommandFields } from './command-fields.js';
import { describe, FieldReader, isJsonObject, type JsonObject } from './field-reader.js';
import { type JsonScan, scanJson, type TextSpan } from './json-scan.js';
import { fitsUtf8Bytes, utf8ByteLength } from './utf8.js';

/** A command that follows the grammar. It has known fields only; missing fields are undefined. */
export interface AcceptedCommand {
  readonly ok: true;
  readonly command: ReceivedCommand;
  readonly id: CommandId | undefined;
  /** `send`: the exact JSON text of `body`, without the white space around it. */
  readonly bodyText: string | undefined;
  /** `signal`: the exact JSON text of `data`, without the white space around it. */
  readonly dataText: string | undefined;
}

/** A refused text, with everything that an `error` needs. */
export interface RefusedCommand {
  readonly ok: false;
  readonly code: ErrorCode;
  /** What was expected, what was received, what to do. */
  readonly message: string;
  /** For `re`; undefined if it is missing or invalid. */
  readonly id: CommandId | undefined;
  /** For `of`; undefined if it could not be read. */
  readonly type: string | undefined;
}

export type DecodedCommand = AcceptedCommand | RefusedCommand;

/** The members of `SessionLimits` that limit one command. */
export interface DecodeLimits {
  readonly bodyBytes: number;
  readonly commandBytes: number;
}

// A command is one object around its body.
const maxDepth = fieldLimits.bodyDepth + 1;
const maxTypeLength = 64;
// 64 bytes, each written as \u00XX, and the quotes.
const maxIdLiteralLength = 6 * fieldLimits.commandIdBytes + 2;

/**
 * The result of one pass over a text before it is parsed: enough to refuse it with an answer. Type and id are those of
 * the command if the text is one, and meaningless otherwise.
 */
export class ScannedCommand {
  readonly text: string;
  /** @internal For `decodeCommand`, which then does not scan again. */
  readonly scan: JsonScan;

  constructor(text: string) {
    this.text = text;
    this.scan = scanJson(text);
  }

  /** Undefined if it is missing, or too long for an error. */
  get type(): string | undefined {
    const span = this.scan.type;
    // With the quotes. A name may be written with escapes.
    if (span === undefined || span.end - span.start > maxTypeLength + 2) return undefined;
    const literal = this.text.slice(span.start, span.end);
    if (literal.startsWith('"') && !literal.includes('\\')) return literal.slice(1, -1);
    const value = parseJson(literal);
    return typeof value === 'string' ? value : undefined;
  }

  /** Undefined if it is missing or invalid. */
  get id(): CommandId | undefined {
    const id = parseLiteral(this.text, this.scan.id, maxIdLiteralLength);
    return isCommandId(id) ? id : undefined;
  }
}

/**
 * Decodes one text message of a client. Never throws. Time and memory are linear in `text`.
 *
 * Refuses with `malformed` (not a JSON object), `too_large` (command, body, bytes or depth), `unknown_type` and
 * `invalid_field`. Unknown fields are ignored. The bare text `ping` is not a command: compare with `barePing` first.
 *
 * @param source  the text, or the result of an earlier scan of it
 * @param limits  `bodyBytes` and `commandBytes`, in bytes; default: `defaultSessionLimits`
 */
export function decodeCommand(
  source: string | ScannedCommand,
  limits: DecodeLimits = defaultSessionLimits,
): DecodedCommand {
  const scanned = typeof source === 'string' ? new ScannedCommand(source) : source;
  const { text, scan } = scanned;
  if (!fitsUtf8Bytes(text, limits.commandBytes)) {
    return refuseUnparsed(scanned, `a command of at most ${limits.commandBytes} bytes`, `${utf8ByteLength(text)}`);
  }
  // Before JSON.parse, which recurses.
  if (scan.depth > maxDepth) {
    return refuseUnparsed(scanned, `at most ${fieldLimits.bodyDepth} levels within a command`, `${scan.depth - 1}`);
  }
  const object = parseObject(text);
  if (object === undefined) {
    return refuse('malformed', 'expected one JSON object with a "type", got something else; see PROTOCOL.md');
  }
  const { id, type } = object;
  const knownType = typeof type === 'string' && type.length <= maxTypeLength ? type : undefined;
  if (id !== undefined && !isCommandId(id)) {
    const expected = 'a string of at most 64 bytes or an integer from 0 to 2^53-1';
    return refuse('invalid_field', `id: expected ${expected}, got ${describe(id)}`, undefined, knownType);
  }
  if (type === undefined || typeof type !== 'string') {
    return refuse('invalid_field', `type: expected the name of a command, got ${describe(type)}`, id);
  }
  const fields = new FieldReader(object, type);
  const bodyText = textOf(text, scan.body);
  const dataText = textOf(text, scan.data);
  const command = readCommandFields(type, id, fields, { bodyText, dataText }, limits.bodyBytes);
  if (command === undefined) {
    const message = `type: expected one of ${commandTypes.join(', ')}, got another; correct it and send it again`;
    return refuse('unknown_type', message, id, knownType);
  }
  const problem = fields.problem;
  if (problem !== undefined) return refuse(problem.code, problem.message, id, knownType);
  return {
    ok: true,
    command,
    id,
    bodyText: command.type === 'send' ? bodyText : undefined,
    dataText: command.type === 'signal' ? dataText : undefined,
  };
}

function textOf(text: string, span: TextSpan | undefined): string | undefined {
  return span === undefined ? undefined : text.slice(span.start, span.end);
}

/** Refuses without parsing. The scan has found the id nevertheless, so the command gets its answer. */
function refuseUnparsed({ id, type }: ScannedCommand, expected: string, received: string): RefusedCommand {
  return refuse('too_large', `expected ${expected}, got ${received}; send less, or in several commands`, id, type);
}

function refuse(code: ErrorCode, message: string, id?: CommandId, type?: string): RefusedCommand {
  return { ok: false, code, message, id, type };
}

function parseObject(text: string): JsonObject | undefined {
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined;
}

function parseLiteral(text: string, span: TextSpan | undefined, maxLength: number): unknown {
  if (span === undefined || span.end - span.start > maxLength) return undefined;
  return parseJson(text.slice(span.start, span.end));
}

/** Undefined, which no JSON text encodes, if `text` is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
