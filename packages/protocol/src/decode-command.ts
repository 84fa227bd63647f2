// Text → command, with every field checked. The server's only way from the wire into its rules.

import { commandTypes, isNamedCommandType } from './command-types.js';
import type { DecodedCommand, DecodeLimits, RefusedCommand } from './decoded-command.js';
import type { ErrorCode } from './error-catalogue.js';
import { describe, FieldReader, isJsonObject, type JsonObject } from './field-reader.js';
import { type CommandId, isCommandId } from './ids.js';
import { type JsonScan, scanJson, type TextSpan } from './json-scan.js';
import { defaultSessionLimits, fieldLimits } from './limits.js';
import { readCommand } from './read-command.js';
import { fitsUtf8Bytes, utf8ByteLength } from './utf8.js';

// A command is one object around its body.
const maxDepth = fieldLimits.bodyDepth + 1;
const maxTypeLength = 64;
// 64 bytes, each written as \u00XX, and the quotes.
const maxIdLiteralLength = 6 * fieldLimits.commandIdBytes + 2;

/**
 * Decodes one text message of a client. Never throws; time and memory are linear in `text`.
 *
 * Refuses with `malformed` (no JSON object), `too_large` (command, body, bytes or depth), `unknown_type` (also for
 * the commands that v1 names and this version does not offer: `type` then tells which) and `invalid_field`.
 * A field that is not known is ignored. The bare text `ping` is no command: compare with `barePing` first.
 *
 * @param limits  `bodyBytes` and `commandBytes`, in bytes; `defaultSessionLimits` if missing
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
  const command = readCommand(type, id, fields, bodyText, limits.bodyBytes);
  if (command === undefined) return refuseType(type, id, knownType);
  const problem = fields.problem;
  if (problem !== undefined) return refuse(problem.code, problem.message, id, knownType);
  return { ok: true, command, id, bodyText: command.type === 'send' ? bodyText : undefined };
}

/** An error without parsing: the scan still found the id, so that whoever waits for an answer gets one. */
function refuseUnparsed(text: string, scan: JsonScan, expected: string, came: string): RefusedCommand {
  const id = parseLiteral(text, scan.id, maxIdLiteralLength);
  const type = parseLiteral(text, scan.type, maxTypeLength);
  const message = `expected ${expected}, got ${came}; send less, or in several commands`;
  return refuse('too_large', message, isCommandId(id) ? id : undefined, typeof type === 'string' ? type : undefined);
}

function refuseType(type: string, id: CommandId | undefined, knownType: string | undefined): RefusedCommand {
  const message = isNamedCommandType(type)
    ? `${type}: expected a command that this server offers (connected.features), got one that it does not`
    : `type: expected one of ${commandTypes.join(', ')}, got another; correct it and send it again`;
  return refuse('unknown_type', message, id, knownType);
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

/** Undefined, which no JSON text stands for, if `text` is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
