// The fields of a content that most entries do not have: between the threads they travel as one object, or not at all.

import type { Position, UserId } from '@longwire/protocol';
import { type EntryContent, type EntryKind, messageKind } from '../../channel/entry.js';

/** @typeParam Reply  a position on the way to the storage thread, what a row holds on the way back */
export interface RareContent<Reply>
  extends Pick<
    EntryContent,
    'kind' | 'by' | 'bodyFormat' | 'slot' | 'headers' | 'contentType' | 'target' | 'expiresAt'
  > {
  readonly replyTo: Reply | undefined;
}

/** Undefined where a content has none of them. Kind and application apart, because a row has their numbers. */
export function rareContentOf<Reply>(
  kind: EntryKind,
  by: string | undefined,
  content: Omit<RareContent<unknown>, 'kind' | 'by' | 'replyTo'>,
  replyTo: Reply | undefined,
): RareContent<Reply> | undefined {
  const { bodyFormat, slot, headers, contentType, target, expiresAt } = content;
  const isPlain =
    kind === messageKind &&
    by === undefined &&
    target === undefined &&
    expiresAt === undefined &&
    bodyFormat === 'json' &&
    slot === undefined &&
    headers === undefined &&
    contentType === undefined &&
    replyTo === undefined;
  return isPlain ? undefined : { kind, by, bodyFormat, slot, headers, contentType, target, expiresAt, replyTo };
}

/** The content that was taken apart. */
export function contentFrom(
  from: UserId | undefined,
  body: string,
  key: string | undefined,
  rare: Omit<RareContent<unknown>, 'replyTo'> | undefined,
  replyTo: Position | undefined,
): EntryContent {
  return {
    kind: rare?.kind ?? messageKind,
    from,
    by: rare?.by,
    body,
    bodyFormat: rare?.bodyFormat ?? 'json',
    key,
    slot: rare?.slot,
    headers: rare?.headers,
    contentType: rare?.contentType,
    replyTo,
    target: rare?.target,
    expiresAt: rare?.expiresAt,
  };
}
