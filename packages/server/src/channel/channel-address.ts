// Channels and the addresses that users have for them. Apart from `channel.ts`, because the storage thread needs no addresses.

import {
  type Address,
  directAddress,
  formatAddress,
  formatTopicLevels,
  type ParsedAddress,
  type UserId,
} from '@longwire/protocol';
import {
  announcements,
  type Channel,
  directChannel,
  groupChannel,
  inboxChannel,
  peerIn,
  topicChannel,
} from './channel.js';

/** Where an address leads when `speaker` uses it. */
export function channelAt(address: ParsedAddress, speaker: UserId): Channel {
  switch (address.kind) {
    case 'direct':
      return directChannel(speaker, address.peer);
    case 'group':
      return groupChannel(address.group);
    case 'inbox':
      return inboxChannel(address.user ?? speaker);
    case 'announcement':
      return announcements;
    case 'topic':
      return topicChannel(formatTopicLevels(address.levels));
  }
}

/** How the viewer addresses the channel. */
export function addressOf(channel: Channel, viewer: UserId): Address {
  switch (channel.kind) {
    case 'direct':
      return directAddress(peerIn(channel, viewer));
    case 'group':
      return formatAddress({ kind: 'group', group: channel.group });
    case 'inbox':
      return formatAddress({ kind: 'inbox', user: viewer === channel.user ? undefined : channel.user });
    case 'all':
      return formatAddress({ kind: 'announcement' });
    case 'topic':
      return `topic/${channel.topic}` as Address;
  }
}
