// Channels and entries as `connected`, `channels` and `history` show them to one user.

import { encodeChannelSummary, encodeMessagePush, encodeTruncatedMessage, type UserId } from '@longwire/protocol';
import { addressFor, directPairOf, peerIn } from '../../channel/channel-key.js';
import type { Entry } from '../../channel/entry.js';
import type { ChannelDescription } from '../../storage/directory.js';

export function channelText(channel: ChannelDescription, viewer: UserId): string {
  const pair = directPairOf(channel.channel);
  const peer = pair === undefined ? undefined : channel.members.find((member) => member.user === peerIn(pair, viewer));
  const own = channel.members.find((member) => member.user === viewer);
  const summary = {
    address: addressFor(channel.channel, viewer),
    epoch: channel.epoch,
    head: channel.head,
    read: own?.read ?? 0,
    unread: channel.unread,
    visibleFrom: channel.visibleFrom,
    peer: peer === undefined ? undefined : { delivered: peer.delivered, read: peer.read },
  };
  return encodeChannelSummary(summary, lastText(channel, viewer));
}

/** As many texts from the first on as fit into `maxBytes` with a comma between them. */
export function fittingTexts(texts: readonly string[], maxBytes: number): readonly string[] {
  let bytes = 0;
  const end = texts.findIndex((text) => {
    bytes += Buffer.byteLength(text) + 1;
    return bytes > maxBytes;
  });
  return end < 0 ? texts : texts.slice(0, end);
}

function lastText({ last, isLastTruncated, channel }: ChannelDescription, viewer: UserId): string | undefined {
  if (last === undefined || !isLastTruncated) return last === undefined ? undefined : entryText(last, viewer);
  return encodeTruncatedMessage(last, addressFor(channel, viewer), last.from === viewer ? last.key : undefined);
}

export function entryText(entry: Entry, viewer: UserId): string {
  return encodeMessagePush(entry, addressFor(entry.channel, viewer), entry.from === viewer ? entry.key : undefined);
}
