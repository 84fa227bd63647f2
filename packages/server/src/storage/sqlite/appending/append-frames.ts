// Appends on their way between the threads: flat lists of strings and numbers, because cloning objects costs four times
// as much: 0.24 against 1.1 µs to send and 0.28 against 2.1 µs to receive an entry, in batches of 50 (bench/storage-shape.mjs).

import type { Position, UserId } from '@longwire/protocol';
import { type ChannelName, channelOfName, nameOf } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import type { AppendAttempt, AppendRequest, AppendResult } from '../../message-log.js';
import { type QuotaRefusal, quotaNames } from '../../quotas.js';
import { contentFrom, type RareContent, rareContentOf } from '../rare-content.js';

/** What most requests do not have. */
interface RareFields {
  readonly content: RareContent<Position> | undefined;
  readonly since: AppendRequest['since'];
  readonly guard: AppendRequest['guard'];
  readonly change: AppendRequest['change'];
  readonly mustExist: readonly UserId[];
}

export type FlatRequests = (string | number | undefined | RareFields)[];

/** channel, from, body, key, at, rare fields; without a content, the body is undefined */
export const REQUEST_STRIDE = 6;
/** Where in a request its body stands. */
export const REQUEST_BODY = 2;

/** One batch. */
export interface BatchFrame {
  /** Of the first request; the others follow it. */
  readonly stamp: number;
  readonly isSecondTry: boolean;
  readonly requests: FlatRequests;
}

export function batchFrameOf(batch: readonly AppendRequest[], { stamp, isSecondTry }: AppendAttempt): BatchFrame {
  const requests: FlatRequests = [];
  for (const request of batch) flattenRequest(request, requests);
  return { stamp, isSecondTry, requests };
}

function flattenRequest(request: AppendRequest, into: FlatRequests): void {
  const { channel, content, at } = request;
  into.push(nameOf(channel), content?.from, content?.body, content?.key, at, rareFieldsOf(request));
}

function rareFieldsOf({ content, since, guard, change, mustExist }: AppendRequest): RareFields | undefined {
  const rare = content === undefined ? undefined : rareContentOf(content, content.replyTo);
  const isGuarded = guard.isRefused || guard.rightsVersion !== 0 || change !== undefined;
  const isPlain = rare === undefined && since === undefined && !isGuarded && mustExist.length === 0;
  return isPlain ? undefined : { content: rare, since, guard, change, mustExist };
}

/** The guard of most appends. */
const UNCHANGED_RIGHTS: AppendRequest['guard'] = Object.freeze({ rightsVersion: 0, isRefused: false });

export function requestAt(flat: FlatRequests, index: number): AppendRequest {
  const start = index * REQUEST_STRIDE;
  const rare = flat[start + 5] as RareFields | undefined;
  const from = flat[start + 1] as UserId | undefined;
  const body = flat[start + REQUEST_BODY] as string | undefined;
  const key = flat[start + 3] as string | undefined;
  return {
    channel: channelOfName(flat[start] as ChannelName),
    content: body === undefined ? undefined : contentFrom(from, body, key, rare?.content, rare?.content?.replyTo),
    at: flat[start + 4] as number,
    since: rare?.since,
    guard: rare?.guard ?? UNCHANGED_RIGHTS,
    change: rare?.change,
    mustExist: rare?.mustExist ?? [],
  };
}

/** outcome, row number, life, offset, at, messages */
export const RESULT_STRIDE = 6;

export const STORED = 0;
export const REPEATED = 1;
export const REFUSED = 2;
export const DAMAGED = 3;
export const UNKNOWN_USER = 4;
export const UNSEARCHED = 5;
/** With the number of the quota, and `afterMs` or −1, in place of life and offset. */
export const QUOTA = 6;
export const STALE = 7;

export function resultAt(flat: readonly number[], start: number, era: string): AppendResult {
  const outcome = flat[start];
  const seq = flat[start + 1]!;
  if (outcome === REFUSED) return { outcome: 'refused', seq };
  if (outcome === UNSEARCHED) return { outcome: 'unsearched', seq };
  if (outcome === UNKNOWN_USER) return { outcome: 'unknown-user', seq };
  if (outcome === DAMAGED) return { outcome: 'damaged', seq };
  if (outcome === STALE) return { outcome: 'stale', seq, rightsVersion: flat[start + 2]! };
  if (outcome === QUOTA) return { outcome: 'quota', seq, ...quotaRefusalFrom(flat[start + 2]!, flat[start + 3]!) };
  const epoch = epochOf(era, flat[start + 2]!);
  const offset = flat[start + 3]!;
  const at = flat[start + 4]!;
  if (outcome === REPEATED) return { outcome: 'repeated', seq, epoch, offset, at };
  return { outcome: 'stored', seq, epoch, offset, at, messages: flat[start + 5]!, change: undefined };
}

export function pushQuotaRefusal({ quota, afterMs }: QuotaRefusal, newest: number, results: number[]): void {
  results.push(QUOTA, newest, quotaNames.indexOf(quota), afterMs ?? -1, 0, 0);
}

function quotaRefusalFrom(number: number, afterMs: number): QuotaRefusal {
  return { quota: quotaNames[number]!, afterMs: afterMs < 0 ? undefined : afterMs };
}
