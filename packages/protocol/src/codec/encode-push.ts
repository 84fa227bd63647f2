// Pushes as text, by concatenation: a body is never parsed or serialised again. It cannot break the object around it,
// because decodeCommand parsed the command that contained it, and the span it cut out is one whole JSON value.

import type { GapPush, GapReason } from '../messages/gap-push.js';
import type {
  GoodbyePush,
  Invitation,
  PresencePush,
  ReceiptPush,
  SignalPush,
  UserSettings,
} from '../messages/pushes.js';
import type { Address } from '../names/address.js';
import type { UserId } from '../names/ids.js';
import type { Epoch, Position } from '../names/position.js';
import { jsonString } from './json-string.js';

/** An entry as the log keeps it. The name of its channel depends on the viewer. */
export interface LoggedEntry {
  /** The `type` of the push: 1-32 of `[a-z0-9._-]`. */
  readonly kind: string;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly from: UserId | undefined;
  /** An application. */
  readonly by: string | undefined;
  readonly at: number;
  /** JSON text as received (`json`), or canonical base64 (`base64`). */
  readonly body: string;
  readonly bodyFormat: 'json' | 'base64';
  readonly slot: string | undefined;
  /** JSON text of the object. */
  readonly headers: string | undefined;
  readonly contentType: string | undefined;
  readonly replyTo: Position | undefined;
  /** Offset of the entry that this one edits, retracts or reacts to. */
  readonly target: number | undefined;
  /** When it is removed, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/**
 * An entry, a `message` mostly, for a push and for `history`.
 * @param channel  its address from the viewpoint of the recipient
 * @param key  the idempotency key, for the sender's own devices; undefined for other recipients
 */
export function encodeEntryPush(entry: LoggedEntry, channel: Address, key: string | undefined): string {
  const text = entryFields(entry, channel, key);
  // Base64 has no character that JSON escapes.
  return entry.bodyFormat === 'json' ? `${text},"body":${oneLine(entry.body)}}` : `${text},"bytes":"${entry.body}"}`;
}

/** JSON text without line breaks: they are only between its tokens, where any white space means the same. */
function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\n\r]/g, ' ') : json;
}

/** The same for `last` of a channel, with `truncated` in place of the body. */
export function encodeTruncatedEntry(entry: LoggedEntry, channel: Address, key: string | undefined): string {
  return `${entryFields(entry, channel, key)},"truncated":true}`;
}

/** Everything but the body, without the closing brace. */
function entryFields(entry: LoggedEntry, channel: Address, key: string | undefined): string {
  // A kind has no character that JSON escapes.
  let text = `{"type":"${entry.kind}","channel":${jsonString(channel)},"epoch":${jsonString(entry.epoch)}`;
  text += `,"offset":${entry.offset}`;
  if (entry.from !== undefined) text += `,"from":${jsonString(entry.from)}`;
  if (entry.by !== undefined) text += `,"by":${jsonString(entry.by)}`;
  text += `,"at":${entry.at}`;
  if (key !== undefined) text += `,"key":${jsonString(key)}`;
  if (entry.slot !== undefined) text += `,"slot":${jsonString(entry.slot)}`;
  if (entry.headers !== undefined) text += `,"headers":${entry.headers}`;
  if (entry.contentType !== undefined) text += `,"contentType":${jsonString(entry.contentType)}`;
  if (entry.replyTo !== undefined) text += `,"replyTo":${encodePosition(entry.replyTo)}`;
  if (entry.target !== undefined) text += `,"target":${entry.target}`;
  if (entry.expiresAt !== undefined) text += `,"expiresAt":${entry.expiresAt}`;
  return text;
}

/** A `receipt`. Undefined fields are left out. */
export function encodeReceiptPush(receipt: Omit<ReceiptPush, 'type' | 'channel'>, channel: Address): string {
  let text = `{"type":"receipt","channel":${jsonString(channel)},"user":${jsonString(receipt.user)}`;
  text += `,"epoch":${jsonString(receipt.epoch)}`;
  if (receipt.delivered !== undefined) text += `,"delivered":${receipt.delivered}`;
  if (receipt.read !== undefined) text += `,"read":${receipt.read}`;
  if (receipt.only !== undefined) text += `,"only":${JSON.stringify(receipt.only)}`;
  return `${text}}`;
}

/**
 * A `signal`.
 * @param dataText  JSON text of `data`; undefined: there is none
 */
export function encodeSignalPush(
  { from, name }: Pick<SignalPush, 'from' | 'name'>,
  channel: Address,
  dataText: string | undefined,
): string {
  const text = `{"type":"signal","channel":${jsonString(channel)},"from":${jsonString(from)},"name":"${name}"`;
  return dataText === undefined ? `${text}}` : `${text},"data":${oneLine(dataText)}}`;
}

/** A `presence`. Undefined fields are left out. */
export function encodePresencePush(presence: Omit<PresencePush, 'type'>): string {
  const { user, online, lastSeenAt, name, picture } = presence;
  return JSON.stringify({ type: 'presence', user, online, lastSeenAt, name, picture });
}

/** A `settings`, as a push. */
export function encodeSettingsPush({ presence, receipts }: UserSettings): string {
  return JSON.stringify({ type: 'settings', presence, receipts });
}

/**
 * A `channel`.
 * @param channelText  made by `encodeChannelSummary`
 */
export function encodeChannelPush(channelText: string): string {
  return `{"type":"channel",${channelText.slice(1)}`;
}

/** A `channel`: no longer one of the user's. */
export function encodeChannelRemovedPush(address: Address): string {
  return `{"type":"channel","address":${jsonString(address)},"removed":true}`;
}

/** A `channel` with an invitation. Undefined fields are left out. */
export function encodeInvitationPush(address: Address, { by, at, title, picture }: Invitation): string {
  return JSON.stringify({ type: 'channel', address, invitation: { by, at, title, picture } });
}

/** A `channel`: the invitation to it has ended. */
export function encodeInvitationEndedPush(address: Address): string {
  return `{"type":"channel","address":${jsonString(address)},"invitation":{"ended":true}}`;
}

/** A `gap`. */
export function encodeGapPush(
  gap: Omit<GapPush, 'type' | 'channel' | 'reason'> & { readonly reason: GapReason },
  channel: Address,
): string {
  const { epoch, from, to, next, reason } = gap;
  return `{"type":"gap","channel":${jsonString(channel)},"epoch":${jsonString(epoch)},"from":${from},"to":${to},"next":${next},"reason":"${reason}"}`;
}

/** A `goodbye`. */
export function encodeGoodbyePush(goodbye: Omit<GoodbyePush, 'type'>): string {
  const { code, reason, reconnect, afterMs } = goodbye;
  return JSON.stringify({ type: 'goodbye', code, reason, reconnect, afterMs });
}

function encodePosition(position: Position): string {
  return `{"epoch":${jsonString(position.epoch)},"offset":${position.offset}}`;
}
