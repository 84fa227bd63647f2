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
 * Decodes one text message of a client. Never throws. Time and memory are linear in `text`.
 *
 * Refuses with `malformed` (not a JSON object), `too_large` (command, body, bytes or depth), `unknown_type` and
 * `invalid_field`. Unknown fields are ignored. The bare text `ping` is not a command: compare with `barePing` first.
 *
 * @param limits  `bodyBytes` and `commandBytes`, in bytes; default: `defaultSessionLimits`
 */
export function decodeCommand(text: string, limits: DecodeLimits = defaultSessionLimits): DecodedCommand {
  const scan = scanJson(text);
  if (!fitsUtf8Bytes(text, limits.commandBytes)) {
    return refuseUnparsed(text, scan, `a command of at most ${limits.commandBytes} bytes`, `${utf8ByteLength(text)}`);
  }
  // Before JSON.parse, which recurses.
  if (scan.depth > maxDepth) {
    return refuseUnparsed(text, scan, `at most ${fieldLimits.bodyDepth} levels within a command`, `${scan.depth - 1}`);
  }
  const source = parseObject(text);
  if (source === undefined) {
    return refuse('malformed', 'expected one JSON object with a "type", got something else; see PROTOCOL.md');
  }
  const { id, type } = source;
  const knownType = typeof type === 'string' && type.length <= maxTypeLength ? type : undefined;
  if (id !== undefined && !isCommandId(id)) {
    const expected = 'a string of at most 64 bytes or an integer from 0 to 2^53-1';
    return refuse('invalid_field', `id: expected ${expected}, got ${describe(id)}`, undefined, knownType);
  }
  if (type === undefined || typeof type !== 'string') {
    return refuse('invalid_field', `type: expected the name of a command, got ${describe(type)}`, id);
  }
  const fields = new FieldReader(source, type);
  const bodyText = scan.body === undefined ? undefined : text.slice(scan.body.start, scan.body.end);
  const command = readCommandFields(type, id, fields, bodyText, limits.bodyBytes);
  if (command === undefined) {
    const message = `type: expected one of ${commandTypes.join(', ')}, got another; correct it and send it again`;
    return refuse('unknown_type', message, id, knownType);
  }
  const problem = fields.problem;
  if (problem !== undefined) return refuse(problem.code, problem.message, id, knownType);
  return { ok: true, command, id, bodyText: command.type === 'send' ? bodyText : undefined };
}

/** Refuses without parsing. The scan has found the id nevertheless, so the command gets its answer. */
function refuseUnparsed(text: string, scan: JsonScan, expected: string, received: string): RefusedCommand {
  const id = parseLiteral(text, scan.id, maxIdLiteralLength);
  const type = parseLiteral(text, scan.type, maxTypeLength);
  const message = `expected ${expected}, got ${received}; send less, or in several commands`;
  return refuse('too_large', message, isCommandId(id) ? id : undefined, typeof type === 'string' ? type : undefined);
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
