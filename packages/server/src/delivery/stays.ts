// What joining and leaving a group is to the readers of a user.

import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import { groupSettingsFrom } from '../channel/group-settings.js';
import type { ChannelMember } from '../channel/membership.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import { CodecPushes, EncodedPush } from './encoded-push.js';
import type { LogReader } from './log-reader.js';
import type { UserReaders } from './user-readers.js';

/**
 * The sessions of a user who has joined are shown the group, before its entries.
 * @param read  how far the user has read in an earlier stay
 */
export function announceJoin(
  readers: UserReaders,
  { user, visibleFrom, role }: ChannelMember,
  { epoch, offset }: Entry,
  { channel, settings, audience }: LoadedChannel,
  read: number,
): void {
  if (channel.kind !== 'group') return;
  const group = {
    channel,
    epoch,
    head: offset,
    read,
    visibleFrom,
    role,
    settings: groupSettingsFrom(settings),
    memberCount: audience.length,
  };
  const pushes = new CodecPushes((codec) => codec.joined(group, user));
  for (const reader of readers) reader.notify(pushes.in(reader.recipient.codec));
}

/** The reader has everything up to where its user left. */
export function notifyRemoved(reader: LogReader, channel: Channel): void {
  const { codec, user } = reader.recipient;
  reader.notify(new EncodedPush(codec.removed(channel, user)));
}
