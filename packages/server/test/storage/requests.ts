// Requests for storage tests, with everything that does not matter filled in.

import type { DeviceId, GroupId, UserId } from '@longwire/protocol';
import { type Channel, directChannel, groupChannel, inboxChannel } from '../../src/channel/channel.js';
import { type Entry, type EntryContent, emptyContent } from '../../src/channel/entry.js';
import type { LaneRow } from '../../src/channel/lane.js';
import { isGap, type LogItem } from '../../src/channel/log-item.js';
import {
  type MemberChange,
  type MemberRole,
  NO_RIGHTS_CHANGE,
  type RightsChange,
} from '../../src/channel/membership.js';
import { type ChannelName, nameOf } from '../../src/storage/channel-name.js';
import type { AppendRequest, Guard, MessageLog, Page } from '../../src/storage/message-log.js';

export const user = (id: string): UserId => id as UserId;
export const device = (id: string): DeviceId => id as DeviceId;
export const direct = (a: string, b: string): Channel => directChannel(user(a), user(b));

export const group = (id: string): Channel => groupChannel(id as GroupId);
export const inbox = (id: string): Channel => inboxChannel(user(id));

/** The same channel as engines know it. */
export const directName = (a: string, b: string): ChannelName => nameOf(direct(a, b));

export const FIRST_AT = 1_790_000_000_000;

type RequestFields = Partial<Omit<AppendRequest, 'content' | 'guard'> & Guard & EntryContent>;

export type MessageRequest = AppendRequest & { readonly content: EntryContent & { readonly from: UserId } };

export function message(from: string, to: string, fields: RequestFields = {}): MessageRequest {
  const { channel = direct(from, to), at = FIRST_AT, since, change, mustExist = [], ...rest } = fields;
  const { rightsVersion = 0, isRefused = false, ...content } = rest;
  const guard = { rightsVersion, isRefused };
  return { channel, content: { ...contentOf(user(from)), ...content }, at, since, guard, change, mustExist };
}

/** An entry of a user in any channel; without `from`, of the server or, with `by`, of an application. */
export function entryIn(channel: Channel, from: string | undefined, fields: RequestFields = {}): AppendRequest {
  const request = message('', '', { ...fields, channel });
  return { ...request, content: { ...request.content, from: from === undefined ? undefined : user(from) } };
}

/** A row without an entry. */
export function control(channel: Channel, rightsVersion: number, fields: Partial<RightsChange>): AppendRequest {
  const request = message('', '', { channel, rightsVersion, change: changeOf(fields) });
  return { ...request, content: undefined };
}

export function changeOf(fields: Partial<RightsChange>): RightsChange {
  return { ...NO_RIGHTS_CHANGE, ...fields };
}

export function joins(id: string, role: MemberRole = 'member', visibleFrom: 'start' | 'joining' = 'joining') {
  return { type: 'join', user: user(id), role, visibleFrom } satisfies MemberChange;
}

export const leaves = (id: string): MemberChange => ({ type: 'leave', user: user(id) });

/** A `member` entry with the changes, under the version of the rights that the group has now. Returns the new version. */
export async function changeMembers(log: MessageLog, channel: Channel, ...members: MemberChange[]): Promise<number> {
  const request = entryIn(channel, undefined, {
    kind: 'member',
    rightsVersion: await versionOf(log, channel),
    change: changeOf({ members }),
  });
  const result = await appendOne(log, request);
  if (result.outcome !== 'stored') throw new Error(`the outcome of the change is ${result.outcome}`);
  return result.seq;
}

export async function versionOf(log: MessageLog, channel: Channel): Promise<number> {
  const [rights] = (await log.rights([channel])).rights;
  if (rights === undefined || rights === 'damaged') throw new Error('the rights cannot be read');
  return rights.version;
}

export function contentOf(from: UserId, body = '"hello"'): EntryContent & { readonly from: UserId } {
  return { ...emptyContent, kind: 'message', from, by: undefined, body };
}

/** The first try of a batch, and its results. */
export async function append(log: MessageLog, batch: readonly AppendRequest[], stamp = 0) {
  const outcome = await log.append(batch, { stamp, isSecondTry: false });
  if (outcome.outcome !== 'done') throw new Error(`the outcome of the append is ${outcome.outcome}`);
  return outcome.results;
}

export async function headsOf(log: MessageLog, channels: readonly Channel[]) {
  return (await log.heads(channels)).heads;
}

/** Appends one entry and returns its result. */
export async function appendOne(log: MessageLog, request: AppendRequest) {
  const [result] = await append(log, [request]);
  if (result === undefined) throw new Error('append returned no result');
  return result;
}

/** The methods of a log, to replace some of them. */
export function methodsOf(log: MessageLog): MessageLog {
  return {
    append: (batch, attempt) => log.append(batch, attempt),
    feed: (lane, after, limit) => log.feed(lane, after, limit),
    searchKey: (search) => log.searchKey(search),
    page: (request) => log.page(request),
    pages: (requests) => log.pages(requests),
    maintain: (step, budgetMs) => log.maintain(step, budgetMs),
    heads: (channels) => log.heads(channels),
    rights: (channels) => log.rights(channels),
    members: (channel, after, limit) => log.members(channel, after, limit),
    pending: (channel, after, limit) => log.pending(channel, after, limit),
    pendingOf: (member, after, limit) => log.pendingOf(member, after, limit),
    stays: (member, channels) => log.stays(member, channels),
    countBlocks: (member) => log.countBlocks(member),
    blockedUsers: (member, after, limit) => log.blockedUsers(member, after, limit),
  };
}

/** The entries of the whole log of a channel, page by page. */
export async function readLog(log: MessageLog, channel: Channel): Promise<Entry[]> {
  return entriesOf(await readItems(log, channel));
}

/** The whole log of a channel, page by page. */
export async function readItems(log: MessageLog, channel: Channel): Promise<LogItem[]> {
  const items: LogItem[] = [];
  for (;;) {
    const offset = lastOffset(items);
    const page: Page = await log.page({ channel, direction: 'after', offset, limit: 200, maxBytes: 262_144 });
    items.push(...page.items);
    if (!page.more) return items;
  }
}

export function entriesOf(items: readonly LogItem[]): Entry[] {
  return items.filter((item): item is Entry => !isGap(item));
}

/** 0 where there is nothing. */
export function lastOffset(items: readonly LogItem[]): number {
  const last = items.at(-1);
  return last === undefined ? 0 : isGap(last) ? last.to : last.offset;
}

export function firstOffset([first]: readonly LogItem[]): number {
  return first === undefined ? 0 : isGap(first) ? first.from : first.offset;
}

/** All rows of the lane above `after`, page by page. */
export async function readFeed(log: MessageLog, after = 0, limit = 1_000): Promise<LaneRow[]> {
  const rows: LaneRow[] = [];
  let through = after;
  for (;;) {
    const page = await log.feed(0, through, limit);
    if (page.through === through) return rows;
    rows.push(...page.rows);
    through = page.through;
  }
}
