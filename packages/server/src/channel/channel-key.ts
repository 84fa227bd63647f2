// The absolute name of a channel: the address `user/bob` depends on who uses it, a key does not.

import type { Address, UserId } from '@longwire/protocol';

declare const channelKeyBrand: unique symbol;

/** `direct/<a>/<b>` with the two users in ascending order. Ids contain no `/`, so a key parses back without escaping. */
export type ChannelKey = string & { readonly [channelKeyBrand]: true };

/** The two users of a direct channel in ascending order; equal for a channel with oneself. */
export type DirectPair = readonly [UserId, UserId];

const DIRECT = 'direct/';

/** Key of the direct channel between two users, in whichever order they are given. */
export function directChannelKey(a: UserId, b: UserId): ChannelKey {
  return (a < b ? `${DIRECT}${a}/${b}` : `${DIRECT}${b}/${a}`) as ChannelKey;
}

/** The two users of a direct channel's key. Undefined for any other kind of key. */
export function directPairOf(key: ChannelKey): DirectPair | undefined {
  if (!key.startsWith(DIRECT)) return undefined;
  const slash = key.indexOf('/', DIRECT.length);
  if (slash < 0) return undefined;
  return [key.slice(DIRECT.length, slash) as UserId, key.slice(slash + 1) as UserId];
}

/** The other one of a pair; oneself in a channel with oneself. */
export function peerIn(pair: DirectPair, user: UserId): UserId {
  return pair[0] === user ? pair[1] : pair[0];
}

/** The users to whom entries of this channel are delivered. */
export function readersOf(key: ChannelKey): readonly UserId[] {
  const pair = directPairOf(key);
  if (pair === undefined) return [];
  return pair[0] === pair[1] ? [pair[0]] : pair;
}

/** How the viewer addresses the channel. */
export function addressFor(key: ChannelKey, viewer: UserId): Address {
  const pair = directPairOf(key);
  // Only direct channels have keys in this version; a key made elsewhere would be a fault of ours.
  if (pair === undefined) throw new Error(`not a direct channel's key: ${key}`);
  return `user/${peerIn(pair, viewer)}` as Address;
}
