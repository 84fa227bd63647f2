// Text → what the server said. Tolerant, because servers grow: what is not known passes, and only the fields that the
// client's algorithm stands on are checked.

import type { Answer } from './answers.js';
import { isJsonObject, type JsonObject } from './field-reader.js';
import { type CommandId, isCommandId } from './ids.js';
import { isOffset } from './position.js';
import type { Entry, Push, UnknownEntry } from './pushes.js';
import type { ServerMessage } from './server-message.js';
import { barePong } from './version.js';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const list: Check = Array.isArray;
const object: Check = isJsonObject;
const number: Check = (value) => typeof value === 'number';
const offset: Check = isOffset;
const entryOffset: Check = (value) => isOffset(value) && value > 0;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const entryPlace: Shape = { channel: text, epoch: text, offset: entryOffset, skipped: optional(offset) };
const entry: Shape = { ...entryPlace, from: text, at: number };

const entryShapes: ReadonlyMap<string, Shape> = new Map<Entry['type'], Shape>([
  ['message', { ...entry, key: optional(text), bytes: optional(text) }],
  ['member', entry],
  ['edit', entry],
  ['retract', entry],
  ['react', entry],
]);

// In a list as in a push: an entry of a kind that is not known here needs its place only.
const entries: Check = listOf((source) => typeof source['type'] === 'string' && isEntry(source, source['type']));
const channels: Check = listOf((source) => firstWrong(source, channelShape) === undefined);
const channelShape: Shape = {
  address: text,
  epoch: text,
  head: offset,
  read: offset,
  unread: offset,
  visibleFrom: offset,
  last: optional((last) => entries([last])),
  peer: optional((peer) => isJsonObject(peer) && isOffset(peer['delivered']) && isOffset(peer['read'])),
};

const errorShape: Shape = { code: text, message: text, retryable: flag, afterMs: optional(number) };

const pushShapes: ReadonlyMap<string, Shape> = new Map<Exclude<Push, Entry>['type'], Shape>([
  ['receipt', { channel: text, user: text, epoch: text, delivered: optional(offset), read: optional(offset) }],
  ['presence', { user: text, online: flag, lastSeenAt: optional(number) }],
  ['signal', { channel: text, from: text, name: text }],
  ['gap', { channel: text, epoch: text, from: offset, to: offset, next: entryOffset, reason: text }],
  ['caughtUp', { subscription: text, recovered: flag }],
  ['goodbye', { code: number, reason: text, reconnect: flag, afterMs: optional(number) }],
  ['error', { ...errorShape, of: optional(text) }],
]);

const answerShapes: ReadonlyMap<string, Shape> = new Map<Answer['type'], Shape>([
  [
    'connected',
    {
      user: text,
      session: text,
      heartbeatMs: number,
      time: number,
      expiresAt: optional(number),
      limits: object,
      features: list,
      channels,
      ignored: list,
    },
  ],
  ['refreshed', { expiresAt: optional(number) }],
  ['sent', { channel: text, epoch: text, offset: entryOffset, at: number, repeated: optional(flag) }],
  ['ok', {}],
  ['history', { entries, more: flag }],
  ['channels', { channels, more: flag }],
  ['pong', { time: number }],
  ['error', errorShape],
  ['found', { entries, more: flag }],
  ['subscribed', { subscription: text, durable: flag }],
  ['members', { members: list }],
  ['receipts', { receipts: object }],
  ['presenceList', { users: object }],
]);

/** Decodes one text message of a server. Never throws. What comes out is told by `kind`: see `ServerMessage`. */
export function decodeServerMessage(message: string): ServerMessage {
  if (message === barePong) return { kind: 'pong' };
  const source = parse(message);
  if (source === undefined) return malformed('expected one JSON object, got something else');
  const { type, re } = source;
  if (typeof type !== 'string') return malformed('expected a "type", got none');
  if (re === undefined) return decodePush(source, type);
  if (!isCommandId(re)) return malformed(`expected the id of a command in the "re" of ${type}, got something else`);
  return decodeAnswer(source, type, re);
}

function decodeAnswer(source: JsonObject, type: string, re: CommandId): ServerMessage {
  const shape = answerShapes.get(type);
  if (shape === undefined) return { kind: 'unknown', type, re };
  const wrong = firstWrong(source, shape);
  if (wrong !== undefined) return malformed(`the answer ${type} has no valid "${wrong}"`);
  return { kind: 'answer', answer: source as unknown as Answer };
}

function decodePush(source: JsonObject, type: string): ServerMessage {
  const entryShape = entryShapes.get(type);
  const shape = entryShape ?? pushShapes.get(type);
  if (shape === undefined) return decodeUnknownPush(source, type);
  const wrong = firstWrong(source, shape);
  if (wrong !== undefined) return malformed(`the push ${type} has no valid "${wrong}"`);
  if (entryShape !== undefined) return { kind: 'entry', entry: source as unknown as Entry };
  return { kind: 'push', push: source as unknown as Exclude<Push, Entry> };
}

// Only entries carry channel, epoch and offset all three, whatever kinds later versions add.
function decodeUnknownPush(source: JsonObject, type: string): ServerMessage {
  if (firstWrong(source, entryPlace) !== undefined) return { kind: 'unknown', type, re: undefined };
  return { kind: 'unknownEntry', entry: source as unknown as UnknownEntry };
}

function isEntry(source: JsonObject, type: string): boolean {
  return firstWrong(source, entryShapes.get(type) ?? entryPlace) === undefined;
}

function listOf(check: (item: JsonObject) => boolean): Check {
  return (value) => Array.isArray(value) && value.every((item) => isJsonObject(item) && check(item));
}

function firstWrong(source: JsonObject, shape: Shape): string | undefined {
  for (const name in shape) {
    if (shape[name]?.(source[name]) === false) return name;
  }
  return undefined;
}

function malformed(message: string): ServerMessage {
  return { kind: 'malformed', message };
}

function parse(message: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
