// Text → message of the server. Tolerant, because servers gain features: unknown types pass, and only the fields that
// the client's algorithm depends on are checked.

import { barePong } from '../catalogue/version.js';
import type { Answer } from '../messages/answers.js';
import type { GroupEntry, MemberEntry, MessageEntry, UnknownEntry } from '../messages/entries.js';
import type { Push } from '../messages/pushes.js';
import { type CommandId, isCommandId } from '../names/ids.js';
import { isOffset } from '../names/position.js';
import { addBodyTexts } from './body-texts.js';
import { isJsonObject, type JsonObject } from './field-reader.js';

/**
 * - `answer`: has a `re` and a known type
 * - `entry`: an entry of a known kind
 * - `unknownEntry`: a push with `channel`, `epoch` and `offset` of an unknown kind; the position moves over it
 * - `push`: every other known push
 * - `pong`: the bare text
 * - `unknown`: a message of an unknown type; ignored, but with a `re` it settles its command
 * - `malformed`: not a message of this protocol; a fault of the server
 */
export type ServerMessage =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'entry'; readonly entry: MessageEntry | MemberEntry | GroupEntry }
  | { readonly kind: 'unknownEntry'; readonly entry: UnknownEntry }
  | { readonly kind: 'push'; readonly push: Push }
  | { readonly kind: 'pong' }
  | { readonly kind: 'unknown'; readonly type: string; readonly re: CommandId | undefined }
  | { readonly kind: 'malformed'; readonly message: string };

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const list: Check = Array.isArray;
const object: Check = isJsonObject;
const number: Check = (value) => typeof value === 'number';
const offset: Check = isOffset;
const offsets: Check = (value) => Array.isArray(value) && value.every(isOffset);
const entryOffset: Check = (value) => isOffset(value) && value > 0;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const entryPosition: Shape = { channel: text, epoch: text, offset: entryOffset, skipped: optional(offset) };
const messageShape: Shape = {
  ...entryPosition,
  from: optional(text),
  by: optional(text),
  at: number,
  key: optional(text),
  bytes: optional(text),
  truncated: optional(flag),
  target: optional(entryOffset),
  expiresAt: optional(number),
};
const groupEntryShape: Shape = {
  ...entryPosition,
  from: optional(text),
  at: number,
  key: optional(text),
  body: object,
};
const memberBodyShape: Shape = {
  change: text,
  users: (users) => Array.isArray(users) && users.every(text),
  role: optional(text),
};

const entryShapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['message', messageShape],
  ['group', groupEntryShape],
  [
    'member',
    { ...groupEntryShape, body: (body) => isJsonObject(body) && firstWrong(body, memberBodyShape) === undefined },
  ],
]);

// As in a push, an entry of an unknown kind needs its position only. In `history` there are gaps among them.
const entries: Check = listOf(
  (source) => text(source['type']) && firstWrong(source, itemShapeOf(source, source['type'] as string)) === undefined,
);
const channels: Check = listOf((source) => firstWrong(source, channelShape) === undefined);
const channelShape: Shape = {
  address: text,
  epoch: text,
  head: offset,
  read: offset,
  unread: offset,
  visibleFrom: offset,
  only: optional(offsets),
  last: optional((last) => entries([last])),
  blocked: optional(flag),
  role: optional(text),
  title: optional(text),
  name: optional(text),
  picture: optional(text),
  members: optional(offset),
  posting: optional(text),
  muted: optional((muted) => muted === true || isOffset(muted)),
  archived: optional(flag),
  hidden: optional(flag),
  peer: optional((peer) => isJsonObject(peer) && isOffset(peer['delivered']) && isOffset(peer['read'])),
};

const invitationShape: Shape = { by: text, at: number, title: optional(text), picture: optional(text) };
const isPending = ({ state, by, at }: JsonObject): boolean => text(state) && text(by) && number(at);
const invitations: Check = listOf(
  (source) => text(source['group']) && firstWrong(source, invitationShape) === undefined,
);
const profileShape: Shape = { name: optional(text), picture: optional(text) };
const profiledUserShape: Shape = { user: text, ...profileShape };
const members: Check = listOf(
  (source) => firstWrong(source, profiledUserShape) === undefined && (text(source['role']) || isPending(source)),
);
const users: Check = listOf((source) => firstWrong(source, profiledUserShape) === undefined);

const channelRemovedShape: Shape = { address: text };
const channelInvitationShape: Shape = {
  address: text,
  invitation: (invitation) =>
    isJsonObject(invitation) && (invitation['ended'] === true || firstWrong(invitation, invitationShape) === undefined),
};

const errorShape: Shape = { code: text, message: text, retryable: flag, afterMs: optional(number) };

const settingsShape: Shape = { presence: flag, receipts: flag };
const presenceShape: Shape = { online: flag, lastSeenAt: optional(number), ...profileShape };

const presenceStates: Check = (value) =>
  isJsonObject(value) &&
  Object.values(value).every((state) => isJsonObject(state) && firstWrong(state, presenceShape) === undefined);

const pushShapes: ReadonlyMap<string, Shape> = new Map<Push['type'], Shape>([
  [
    'receipt',
    {
      channel: text,
      user: text,
      epoch: text,
      delivered: optional(offset),
      read: optional(offset),
      only: optional(offsets),
    },
  ],
  ['signal', { channel: text, from: text, name: text }],
  ['presence', { user: text, ...presenceShape }],
  ['settings', settingsShape],
  ['gap', { channel: text, epoch: text, from: offset, to: offset, next: entryOffset, reason: text }],
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
      more: optional(flag),
      ignored: list,
    },
  ],
  ['refreshed', { expiresAt: optional(number) }],
  ['sent', { channel: text, epoch: text, offset: entryOffset, at: number, repeated: optional(flag) }],
  [
    'ok',
    {
      group: optional(text),
      added: optional(list),
      invited: optional(list),
      pending: optional(flag),
      removed: optional(list),
      repeated: optional(flag),
    },
  ],
  ['history', { entries, more: flag }],
  ['channels', { channels, more: flag }],
  ['members', { members, more: flag, total: offset }],
  ['receipts', { delivered: list, read: list }],
  ['invitations', { invitations, more: flag }],
  ['users', { users }],
  ['settings', settingsShape],
  ['blocks', { users: (users) => Array.isArray(users) && users.every(text), more: flag }],
  ['presenceList', { users: presenceStates }],
  ['pong', { time: number }],
  ['error', errorShape],
]);

export interface DecodeServerMessageOptions {
  /** Also sets `bodyText` of each message entry. Default false: the texts double the memory of the bodies. */
  readonly keepBodyText?: boolean | undefined;
}

/** Decodes one text message of a server. Never throws; see `ServerMessage` for the kinds of results. */
export function decodeServerMessage(message: string, options: DecodeServerMessageOptions = {}): ServerMessage {
  if (message === barePong) return { kind: 'pong' };
  const source = parse(message);
  if (source === undefined) return malformed('expected one JSON object, got something else');
  const decoded = decodeObject(source);
  if (options.keepBodyText === true && decoded.kind !== 'malformed') addBodyTexts(source, message);
  return decoded;
}

function decodeObject(source: JsonObject): ServerMessage {
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
  const shape = entryShape ?? pushShapeOf(source, type);
  if (shape === undefined) return decodeUnknownPush(source, type);
  const wrong = firstWrong(source, shape);
  if (wrong !== undefined) return malformed(`the push ${type} has no valid "${wrong}"`);
  if (entryShape !== undefined)
    return { kind: 'entry', entry: source as unknown as MessageEntry | MemberEntry | GroupEntry };
  return { kind: 'push', push: source as unknown as Push };
}

function itemShapeOf(source: JsonObject, type: string): Shape {
  // As `last` of a channel, an entry may have no body.
  const entryShape = source['truncated'] === true && type !== 'message' ? entryPosition : entryShapes.get(type);
  return entryShape ?? pushShapes.get(type) ?? entryPosition;
}

function pushShapeOf(source: JsonObject, type: string): Shape | undefined {
  if (type !== 'channel') return pushShapes.get(type);
  if (source['invitation'] !== undefined) return channelInvitationShape;
  return source['removed'] === true ? channelRemovedShape : channelShape;
}

// Only entries have channel, epoch and offset all three, in later versions too.
function decodeUnknownPush(source: JsonObject, type: string): ServerMessage {
  if (firstWrong(source, entryPosition) !== undefined) return { kind: 'unknown', type, re: undefined };
  return { kind: 'unknownEntry', entry: source as unknown as UnknownEntry };
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
