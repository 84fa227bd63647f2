// Channels and entries as `connected`, `channels` and `history` show them to one user.

import { encodeChannelSummary, encodeMessagePush, type UserId } from '@longwire/protocol';
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
  return encodeChannelSummary(summary, channel.last === undefined ? undefined : entryText(channel.last, viewer));
}

export function entryText(entry: Entry, viewer: UserId): string {
  return encodeMessagePush(entry, addressFor(entry.channel, viewer), entry.from === viewer ? entry.key : undefined);
}
