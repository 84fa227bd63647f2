// Channels as engines store them: by a name that says which channel it is. Nothing above the engines takes a key apart.

import type { GroupId, UserId } from '@longwire/protocol';
import {
  announcements,
  type Channel,
  type ChannelKey,
  directChannel,
  groupChannel,
  inboxChannel,
  topicChannel,
} from '../channel/channel.js';

/** The text of a key. Written to disk: its form never changes. */
export type ChannelName = string & ChannelKey;

export function nameOf(channel: Channel): ChannelName {
  return channel.key as ChannelName;
}

/** Names its channel by text alone. */
export type Named<Value extends { readonly channel: Channel }> = Omit<Value, 'channel'> & {
  readonly channel: ChannelName;
};

export function named<Value extends { readonly channel: Channel }>(value: Value): Named<Value> {
  return { ...value, channel: nameOf(value.channel) };
}

/** @throws TypeError for what is no name of a channel */
export function channelOfName(name: ChannelName): Channel {
  if (name === announcements.key) return announcements;
  const slash = name.indexOf('/');
  const rest = name.slice(slash + 1);
  switch (name.slice(0, slash)) {
    case 'direct': {
      const middle = rest.indexOf('/');
      if (middle < 0) break;
      return directChannel(rest.slice(0, middle) as UserId, rest.slice(middle + 1) as UserId);
    }
    case 'group':
      return groupChannel(rest as GroupId);
    case 'inbox':
      return inboxChannel(rest as UserId);
    case 'topic':
      return topicChannel(rest);
  }
  throw new TypeError(`expected the name of a channel, got ${name}`);
}
