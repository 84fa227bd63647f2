// Appends on their way between the threads: flat lists of strings and numbers, because cloning objects costs four times
// as much: 0.24 against 1.1 µs to send and 0.28 against 2.1 µs to receive an entry, in batches of 50 (bench/storage-shape.mjs).

import type { Position, UserId } from '@longwire/protocol';
import { type ChannelName, channelOfName, nameOf } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import type { AppendAttempt, AppendRequest, AppendResult } from '../../message-log.js';
import { type QuotaRefusal, quotaNames } from '../../quotas.js';
import { changeFrom } from '../change-text.js';
import { contentFrom, type RareContent, rareContentOf } from '../rare-content.js';

/** What most requests do not have. */
interface RareFields {
  readonly content: RareContent<Position> | undefined;
  readonly since: AppendRequest['since'];
  readonly isRefused: boolean;
  readonly change: AppendRequest['change'];
  readonly mustExist: readonly UserId[];
}

export type FlatRequests = (string | number | undefined | RareFields)[];

/** channel, from, body, key, at, version of the rights or −1 for any, rare fields; without a content, the body is undefined */
export const REQUEST_STRIDE = 7;
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
  const { rightsVersion } = request.guard;
  const version = rightsVersion === 'any' ? ANY_VERSION : rightsVersion;
  into.push(nameOf(channel), content?.from, content?.body, content?.key, at, version, rareFieldsOf(request));
}

function rareFieldsOf({ content, since, guard, change, mustExist }: AppendRequest): RareFields | undefined {
  const rare = content === undefined ? undefined : rareContentOf(content.kind, content.by, content, content.replyTo);
  const { isRefused } = guard;
  const isPlain =
    rare === undefined && since === undefined && !isRefused && change === undefined && mustExist.length === 0;
  return isPlain ? undefined : { content: rare, since, isRefused, change, mustExist };
}

const ANY_VERSION = -1;
/** The guard of most appends. */
const UNCHANGED_RIGHTS: AppendRequest['guard'] = Object.freeze({ rightsVersion: 0, isRefused: false });

function guardFrom(version: number, isRefused: boolean): AppendRequest['guard'] {
  if (version === 0 && !isRefused) return UNCHANGED_RIGHTS;
  return { rightsVersion: version === ANY_VERSION ? 'any' : version, isRefused };
}

export function requestAt(flat: FlatRequests, index: number): AppendRequest {
  const start = index * REQUEST_STRIDE;
  const rare = flat[start + 6] as RareFields | undefined;
  const from = flat[start + 1] as UserId | undefined;
  const body = flat[start + REQUEST_BODY] as string | undefined;
  const key = flat[start + 3] as string | undefined;
  return {
    channel: channelOfName(flat[start] as ChannelName),
    content: body === undefined ? undefined : contentFrom(from, body, key, rare?.content, rare?.content?.replyTo),
    at: flat[start + 4] as number,
    since: rare?.since,
    guard: guardFrom(flat[start + 5] as number, rare?.isRefused ?? false),
    change: rare?.change,
    mustExist: rare?.mustExist ?? [],
  };
}

/** outcome, row number, life, offset, at, messages, and the text of the change or 0 */
export const RESULT_STRIDE = 7;

export type FlatResults = (number | string)[];

export const STORED = 0;
export const REPEATED = 1;
export const REFUSED = 2;
export const DAMAGED = 3;
export const UNKNOWN_USER = 4;
export const UNSEARCHED = 5;
/** With the number of the quota, and `afterMs` or −1, in place of life and offset. */
export const QUOTA = 6;
/** With the version of the rights in place of life. */
export const STALE = 7;
export const CONTROLLED = 8;

export function resultAt(flat: Readonly<FlatResults>, start: number, era: string): AppendResult {
  const outcome = flat[start];
  const seq = flat[start + 1] as number;
  const changed = flat[start + 6];
  const change = typeof changed === 'string' ? changeFrom(changed) : undefined;
  if (outcome === REFUSED) return { outcome: 'refused', seq };
  if (outcome === UNSEARCHED) return { outcome: 'unsearched', seq };
  if (outcome === UNKNOWN_USER) return { outcome: 'unknown-user', seq };
  if (outcome === DAMAGED) return { outcome: 'damaged', seq };
  if (outcome === CONTROLLED) return { outcome: 'controlled', seq, change: change! };
  const life = flat[start + 2] as number;
  const offset = flat[start + 3] as number;
  if (outcome === STALE) return { outcome: 'stale', seq, rightsVersion: life };
  if (outcome === QUOTA) return { outcome: 'quota', seq, ...quotaRefusalFrom(life, offset) };
  const epoch = epochOf(era, life);
  const at = flat[start + 4] as number;
  if (outcome === REPEATED) return { outcome: 'repeated', seq, epoch, offset, at };
  return { outcome: 'stored', seq, epoch, offset, at, messages: flat[start + 5] as number, change };
}

/** Of a request of which nothing was stored. */
export function pushRefusal(outcome: number, newest: number, results: FlatResults, about = 0, more = 0): void {
  results.push(outcome, newest, about, more, 0, 0, 0);
}

export function pushQuotaRefusal({ quota, afterMs }: QuotaRefusal, newest: number, results: FlatResults): void {
  pushRefusal(QUOTA, newest, results, quotaNames.indexOf(quota), afterMs ?? -1);
}

function quotaRefusalFrom(number: number, afterMs: number): QuotaRefusal {
  return { quota: quotaNames[number]!, afterMs: afterMs < 0 ? undefined : afterMs };
}
