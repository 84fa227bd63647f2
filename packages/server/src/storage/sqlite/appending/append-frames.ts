// Appends on their way between the threads: flat lists of strings and numbers, because cloning objects costs four times
// as much: 0.24 against 1.1 µs to send and 0.28 against 2.1 µs to receive an entry, in batches of 50 (bench/storage-shape.mjs).

import type { UserId } from '@longwire/protocol';
import type { ChannelKey } from '../../../channel/channel-key.js';
import { epochOf } from '../../epoch.js';
import type { AppendRequest, AppendResult } from '../../message-log.js';

/** What most entries do not have. */
export type RareFields = Pick<
  AppendRequest,
  'bodyFormat' | 'slot' | 'headers' | 'contentType' | 'replyTo' | 'since' | 'isRefused'
>;

export type FlatRequests = (string | number | undefined | RareFields)[];

/** channel, from, body, key, at, rare fields */
export const REQUEST_STRIDE = 6;
/** Where in a request its body stands. */
export const REQUEST_BODY = 2;

export function flattenRequest(request: AppendRequest, into: FlatRequests): void {
  into.push(request.channel, request.from, request.body, request.key, request.at, rareFieldsOf(request));
}

function rareFieldsOf(request: AppendRequest): RareFields | undefined {
  const { bodyFormat, slot, headers, contentType, replyTo, since, isRefused } = request;
  if (
    bodyFormat === 'json' &&
    slot === undefined &&
    headers === undefined &&
    contentType === undefined &&
    replyTo === undefined &&
    since === undefined &&
    !isRefused
  ) {
    return undefined;
  }
  return { bodyFormat, slot, headers, contentType, replyTo, since, isRefused };
}

const NO_RARE_FIELDS: RareFields = {
  bodyFormat: 'json',
  slot: undefined,
  headers: undefined,
  contentType: undefined,
  replyTo: undefined,
  since: undefined,
  isRefused: false,
};

export function requestAt(flat: FlatRequests, index: number): AppendRequest {
  const start = index * REQUEST_STRIDE;
  const rare = (flat[start + 5] as RareFields | undefined) ?? NO_RARE_FIELDS;
  return {
    channel: flat[start] as ChannelKey,
    from: flat[start + 1] as UserId,
    body: flat[start + REQUEST_BODY] as string,
    key: flat[start + 3] as string | undefined,
    at: flat[start + 4] as number,
    kind: 'message',
    bodyFormat: rare.bodyFormat,
    slot: rare.slot,
    headers: rare.headers,
    contentType: rare.contentType,
    replyTo: rare.replyTo,
    since: rare.since,
    isRefused: rare.isRefused,
  };
}

/** outcome, life, offset, at, messages */
export const RESULT_STRIDE = 5;

export const STORED = 0;
export const REPEATED = 1;
export const REFUSED = 2;
export const DAMAGED = 3;

export function resultAt(flat: readonly number[], start: number, era: string): AppendResult {
  const outcome = flat[start];
  if (outcome === REFUSED) return { outcome: 'refused' };
  if (outcome === DAMAGED) return { outcome: 'damaged' };
  const epoch = epochOf(era, flat[start + 1]!);
  const offset = flat[start + 2]!;
  const at = flat[start + 3]!;
  if (outcome === REPEATED) return { outcome: 'repeated', epoch, offset, at };
  return { outcome: 'stored', epoch, offset, at, messages: flat[start + 4]! };
}
