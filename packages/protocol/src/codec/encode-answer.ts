// Answers as text. `sent` and `ok` are on the hot path; entries are inserted as the texts that they already are.

import { type ErrorCode, errorCatalogue } from '../catalogue/error-catalogue.js';
import type {
  BlocksAnswer,
  ConnectedAnswer,
  GroupInvitation,
  GroupMembersAnswer,
  GroupOutcome,
  GroupReceiptsAnswer,
  RefreshedAnswer,
  SentAnswer,
} from '../messages/answers.js';
import type { ChannelSummary } from '../messages/channel-summary.js';
import type { ProfiledUser } from '../messages/profiles.js';
import type { PresenceState, UserSettings } from '../messages/pushes.js';
import type { CommandId, UserId } from '../names/ids.js';
import { jsonString } from './json-string.js';

/** A `sent`. Undefined fields are left out. */
export function encodeSent(re: CommandId, sent: Omit<SentAnswer, 're' | 'type'>): string {
  let text = `{"re":${encodeId(re)},"type":"sent","channel":${jsonString(sent.channel)}`;
  text += `,"epoch":${jsonString(sent.epoch)},"offset":${sent.offset},"at":${sent.at}`;
  if (sent.repeated !== undefined) text += `,"repeated":${sent.repeated}`;
  if (sent.durable !== undefined) text += `,"durable":${sent.durable}`;
  return `${text}}`;
}

/** Numbers that are ids are safe integers. */
function encodeId(id: CommandId): string {
  return typeof id === 'number' ? `${id}` : jsonString(id);
}

/** An `ok`. */
export function encodeOk(re: CommandId): string {
  return `{"re":${encodeId(re)},"type":"ok"}`;
}

/** The `ok` of a command of groups. Undefined fields are left out. */
export function encodeGroupOk(re: CommandId, outcome: GroupOutcome): string {
  const { group, added, invited, pending, removed, repeated } = outcome;
  return JSON.stringify({ re, type: 'ok', group, added, invited, pending, removed, repeated });
}

/** A `members`. */
export function encodeGroupMembers(re: CommandId, page: Omit<GroupMembersAnswer, 're' | 'type'>): string {
  const { members, more, total } = page;
  return JSON.stringify({ re, type: 'members', members, more, total });
}

/** A `blocks`. */
export function encodeBlocks(re: CommandId, { users, more }: Omit<BlocksAnswer, 're' | 'type'>): string {
  return JSON.stringify({ re, type: 'blocks', users, more });
}

/** A `receipts`. */
export function encodeGroupReceipts(
  re: CommandId,
  { delivered, read }: Omit<GroupReceiptsAnswer, 're' | 'type'>,
): string {
  return JSON.stringify({ re, type: 'receipts', delivered, read });
}

/** One of `invitations`. Undefined fields are left out. */
export function encodeGroupInvitation({ group, by, at, title, picture }: GroupInvitation): string {
  return JSON.stringify({ group, by, at, title, picture });
}

/** An `invitations`; `texts` are made by `encodeGroupInvitation`. */
export function encodeInvitations(re: CommandId, texts: readonly string[], page: { readonly more: boolean }): string {
  return `{"re":${encodeId(re)},"type":"invitations","invitations":[${texts.join(',')}],"more":${page.more}}`;
}

/** A `pong`; `time` in milliseconds since 1970. */
export function encodePong(re: CommandId, time: number): string {
  return `{"re":${encodeId(re)},"type":"pong","time":${time}}`;
}

/** A `presenceList`. By concatenation, because an id such as `__proto__` is a name like any other. */
export function encodePresenceList(re: CommandId, states: Iterable<readonly [UserId, PresenceState]>): string {
  const users: string[] = [];
  for (const [user, { online, lastSeenAt, name, picture }] of states) {
    users.push(`${JSON.stringify(user)}:${JSON.stringify({ online, lastSeenAt, name, picture })}`);
  }
  return `{"re":${JSON.stringify(re)},"type":"presenceList","users":{${users.join(',')}}}`;
}

/** A `users`. */
export function encodeUsers(re: CommandId, users: readonly ProfiledUser[]): string {
  return JSON.stringify({
    re,
    type: 'users',
    users: users.map(({ user, name, picture }) => ({ user, name, picture })),
  });
}

/** A `settings`, as an answer. */
export function encodeSettings(re: CommandId, { presence, receipts }: UserSettings): string {
  return JSON.stringify({ re, type: 'settings', presence, receipts });
}

/** A `refreshed`. */
export function encodeRefreshed(re: CommandId, refreshed: Omit<RefreshedAnswer, 're' | 'type'>): string {
  return JSON.stringify({ re, type: 'refreshed', expiresAt: refreshed.expiresAt });
}

export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  /** The id of the command. With an id the error is an answer, without one it is a push. */
  readonly id: CommandId | undefined;
  /** The type of the command, for `of`; only a push has it. */
  readonly type: string | undefined;
  readonly afterMs?: number | undefined;
  /** Default: `retryable` of the code's row in the catalogue. */
  readonly retryable?: boolean | undefined;
}

/** An `error`, as answer or push. A `RefusedCommand` is an `ErrorReport`. */
export function encodeError(report: ErrorReport): string {
  const { id: re, code, message, afterMs } = report;
  const of = re === undefined ? report.type : undefined;
  const retryable = report.retryable ?? errorCatalogue[code].retryable;
  return JSON.stringify({ re, type: 'error', of, code, message, retryable, afterMs });
}

/**
 * One channel of `connected` and `channels`, and for `encodeChannelPush`.
 * @param lastText  the newest message, made by `encodeEntryPush` or `encodeTruncatedEntry`
 */
export function encodeChannelSummary(summary: Omit<ChannelSummary, 'last'>, lastText: string | undefined): string {
  const text = JSON.stringify(summaryFields(summary));
  return lastText === undefined ? text : `${text.slice(0, -1)},"last":${lastText}}`;
}

/** In their order on the wire. */
function summaryFields(summary: Omit<ChannelSummary, 'last'>): Omit<ChannelSummary, 'last'> {
  const { address, epoch, head, read, unread, visibleFrom, only, peer, blocked, muted, archived, hidden } = summary;
  const { role, title, name, picture, members, posting } = summary;
  const own = { address, epoch, head, read, unread, visibleFrom, only, peer, blocked, muted, archived, hidden };
  return { ...own, role, title, name, picture, members, posting };
}

/** A `connected`; `channelTexts` are made by `encodeChannelSummary`. */
export function encodeConnected(
  re: CommandId,
  connected: Omit<ConnectedAnswer, 're' | 'type' | 'channels'>,
  channelTexts: readonly string[],
): string {
  const { user, session, device, heartbeatMs, server, time, expiresAt, limits, features, more, ignored } = connected;
  const head = { re, type: 'connected', user, session, device, heartbeatMs, server, time, expiresAt, limits, features };
  const headText = JSON.stringify(head).slice(0, -1);
  const moreText = more === true ? ',"more":true' : '';
  return `${headText},"channels":[${channelTexts.join(',')}]${moreText},"ignored":${JSON.stringify(ignored)}}`;
}

/** A `history`; `entryTexts` ascending, made by `encodeEntryPush` and `encodeGapPush`. */
export function encodeHistory(re: CommandId, entryTexts: readonly string[], page: { readonly more: boolean }): string {
  return `{"re":${encodeId(re)},"type":"history","entries":[${entryTexts.join(',')}],"more":${page.more}}`;
}

/** A `channels`; `channelTexts` are made by `encodeChannelSummary`. */
export function encodeChannels(
  re: CommandId,
  channelTexts: readonly string[],
  page: { readonly more: boolean },
): string {
  return `{"re":${encodeId(re)},"type":"channels","channels":[${channelTexts.join(',')}],"more":${page.more}}`;
}
