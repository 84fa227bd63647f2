// The fields of a content that most entries do not have: between the threads they travel as one object, or not at all.

import type { Position, UserId } from '@longwire/protocol';
import type { EntryContent } from '../../channel/entry.js';

/** @typeParam Reply  a position on the way to the storage thread, what a row holds on the way back */
export interface RareContent<Reply> extends Pick<EntryContent, 'bodyFormat' | 'slot' | 'headers' | 'contentType'> {
  readonly replyTo: Reply | undefined;
}

/** Undefined where a content has none of them. */
export function rareContentOf<Reply>(
  content: Omit<RareContent<unknown>, 'replyTo'>,
  replyTo: Reply | undefined,
): RareContent<Reply> | undefined {
  const { bodyFormat, slot, headers, contentType } = content;
  const isPlain =
    bodyFormat === 'json' &&
    slot === undefined &&
    headers === undefined &&
    contentType === undefined &&
    replyTo === undefined;
  return isPlain ? undefined : { bodyFormat, slot, headers, contentType, replyTo };
}

/** The content that was taken apart; `kind` is the one that this version has. */
export function contentFrom(
  from: UserId,
  body: string,
  key: string | undefined,
  rare: Omit<RareContent<unknown>, 'replyTo'> | undefined,
  replyTo: Position | undefined,
): EntryContent {
  return {
    kind: 'message',
    from,
    body,
    bodyFormat: rare?.bodyFormat ?? 'json',
    key,
    slot: rare?.slot,
    headers: rare?.headers,
    contentType: rare?.contentType,
    replyTo,
  };
}
