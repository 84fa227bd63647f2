// Channels and entries as `connected`, `channels`, `history` and pushes `channel` show them to one user.

import { encodeChannelSummary, encodeEntryPush, encodeTruncatedEntry, type UserId } from '@longwire/protocol';
import { peerIn } from '../channel/channel.js';
import { addressOf } from '../channel/channel-address.js';
import type { Entry } from '../channel/entry.js';
import { groupSettingsFrom } from '../channel/group-settings.js';
import type { MemberState } from '../storage/directory.js';
import type { ListedChannel } from '../storage/preferences.js';

export function channelText(description: ListedChannel, viewer: UserId): string {
  const { channel, members, group } = description;
  const settings = group && groupSettingsFrom(group.settings);
  const peer = channel.kind === 'direct' ? stateOf(peerIn(channel, viewer), members) : undefined;
  const summary = {
    address: addressOf(channel, viewer),
    epoch: description.epoch,
    head: description.head,
    read: description.read,
    unread: description.unread,
    visibleFrom: description.visibleFrom,
    role: group?.role,
    title: settings?.title,
    name: description.profile.name,
    picture: settings?.picture ?? description.profile.picture,
    members: group?.memberCount,
    posting: settings?.posting,
    peer: peer === undefined ? undefined : { delivered: peer.delivered, read: peer.read },
    only: description.singleReads.length > 0 ? description.singleReads : undefined,
    blocked: description.isBlocked ? (true as const) : undefined,
    muted: description.muted,
    archived: description.isArchived ? true : undefined,
    hidden: description.isHidden ? (true as const) : undefined,
  };
  return encodeChannelSummary(summary, lastText(description, viewer));
}

function stateOf(user: UserId, members: readonly MemberState[]): MemberState | undefined {
  return members.find((member) => member.user === user);
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

function lastText({ last, isLastTruncated, channel }: ListedChannel, viewer: UserId): string | undefined {
  if (last === undefined || !isLastTruncated) return last === undefined ? undefined : entryText(last, viewer);
  return encodeTruncatedEntry(last, addressOf(channel, viewer), last.from === viewer ? last.key : undefined);
}

export function entryText(entry: Entry, viewer: UserId): string {
  return encodeEntryPush(entry, addressOf(entry.channel, viewer), entry.from === viewer ? entry.key : undefined);
}
