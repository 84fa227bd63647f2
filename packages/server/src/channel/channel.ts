// Which log something belongs to. A channel is the same for all users; its address depends on who uses it.

import type { GroupId, UserId } from '@longwire/protocol';

declare const channelKeyBrand: unique symbol;

/** What maps know a channel by. Opaque: what a channel is, its other fields say. */
export interface ChannelKey {
  readonly [channelKeyBrand]: true;
}

/** Two users, in ascending order of their ids; the same one twice in a channel with oneself. */
export interface DirectChannel {
  readonly kind: 'direct';
  readonly key: ChannelKey;
  readonly low: UserId;
  readonly high: UserId;
}

export interface GroupChannel {
  readonly kind: 'group';
  readonly key: ChannelKey;
  readonly group: GroupId;
}

/** What backends write to one user. */
export interface InboxChannel {
  readonly kind: 'inbox';
  readonly key: ChannelKey;
  readonly user: UserId;
}

/** What is announced to all users. */
export interface AllChannel {
  readonly kind: 'all';
  readonly key: ChannelKey;
}

export interface TopicChannel {
  readonly kind: 'topic';
  readonly key: ChannelKey;
  /** Its levels with `/` between them. */
  readonly topic: string;
}

/** Two objects may stand for one channel: compare keys. */
export type Channel = DirectChannel | GroupChannel | InboxChannel | AllChannel | TopicChannel;

/** The channel between two users, in whichever order they are given. */
export function directChannel(a: UserId, b: UserId): DirectChannel {
  return a < b
    ? { kind: 'direct', key: keyOf(`direct/${a}/${b}`), low: a, high: b }
    : { kind: 'direct', key: keyOf(`direct/${b}/${a}`), low: b, high: a };
}

export function groupChannel(group: GroupId): GroupChannel {
  return { kind: 'group', key: keyOf(`group/${group}`), group };
}

export function inboxChannel(user: UserId): InboxChannel {
  return { kind: 'inbox', key: keyOf(`inbox/${user}`), user };
}

export const announcements: AllChannel = { kind: 'all', key: keyOf('all') };

export function topicChannel(topic: string): TopicChannel {
  return { kind: 'topic', key: keyOf(`topic/${topic}`), topic };
}

/** Where applications write: a newer entry of a slot replaces the older one, and what is gone does not count as unread. */
export function isReplacedBySlot({ kind }: Channel): boolean {
  return kind === 'inbox' || kind === 'all';
}

/** The other one of the two; oneself in a channel with oneself. */
export function peerIn(channel: DirectChannel, user: UserId): UserId {
  return channel.low === user ? channel.high : channel.low;
}

/** The readers that a channel itself names; others have members or subscribers. */
export function namedReaders(channel: Channel): readonly UserId[] {
  switch (channel.kind) {
    case 'direct':
      return channel.low === channel.high ? [channel.low] : [channel.low, channel.high];
    case 'inbox':
      return [channel.user];
    case 'group':
    case 'all':
    case 'topic':
      return [];
  }
}

/** Ids contain no `/`, so that a key stands for one channel. */
function keyOf(name: string): ChannelKey {
  return name as unknown as ChannelKey;
}
