// How a channel is named by whoever speaks: `user/bob`, `group/eng`, `inbox`, `all`, `topic/stocks/AAPL`.

import type { Branded } from './brand.js';
import { type GroupId, isNameText, parseGroupId, parseUserId, type UserId } from './ids.js';
import { fieldLimits } from './limits.js';

/** The text form. Relative to the speaker: for alice `user/bob` is the channel that is `user/alice` for bob. */
export type Address = Branded<string, 'Address'>;

export interface DirectAddress {
  readonly kind: 'direct';
  readonly peer: UserId;
}
export interface GroupAddress {
  readonly kind: 'group';
  readonly group: GroupId;
}
/** `user` is undefined for one's own inbox; backends name the user. */
export interface InboxAddress {
  readonly kind: 'inbox';
  readonly user: UserId | undefined;
}
export interface AnnouncementAddress {
  readonly kind: 'announcement';
}
/** 1-16 levels of 1-64 bytes each, in the grammar of ids without `+` and `#`, which are for patterns. */
export interface TopicAddress {
  readonly kind: 'topic';
  readonly levels: readonly string[];
}
export type ParsedAddress = DirectAddress | GroupAddress | InboxAddress | AnnouncementAddress | TopicAddress;

/**
 * Takes an address apart. Undefined if `text` is none.
 * For every address: `formatAddress(parseAddress(text)) === text`.
 */
export function parseAddress(text: Address): ParsedAddress;
export function parseAddress(text: string): ParsedAddress | undefined;
export function parseAddress(text: string): ParsedAddress | undefined {
  if (text === 'inbox') return { kind: 'inbox', user: undefined };
  if (text === 'all') return { kind: 'announcement' };
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const rest = text.slice(slash + 1);
  switch (text.slice(0, slash)) {
    case 'user': {
      const peer = parseUserId(rest);
      return peer === undefined ? undefined : { kind: 'direct', peer };
    }
    case 'group': {
      const group = parseGroupId(rest);
      return group === undefined ? undefined : { kind: 'group', group };
    }
    case 'inbox': {
      const user = parseUserId(rest);
      return user === undefined ? undefined : { kind: 'inbox', user };
    }
    case 'topic':
      return parseTopic(rest);
    default:
      return undefined;
  }
}

/** The text form of an address. */
export function formatAddress(address: ParsedAddress): Address {
  switch (address.kind) {
    case 'direct':
      return `user/${address.peer}` as Address;
    case 'group':
      return `group/${address.group}` as Address;
    case 'inbox':
      return (address.user === undefined ? 'inbox' : `inbox/${address.user}`) as Address;
    case 'announcement':
      return 'all' as Address;
    case 'topic':
      return `topic/${address.levels.join('/')}` as Address;
  }
}

/** The address of the direct channel with `peer`. */
export function directAddress(peer: UserId): Address {
  return `user/${peer}` as Address;
}

/** Whether `text` is an address of the grammar; says nothing of whether the channel exists. */
export function isAddress(text: string): text is Address {
  return parseAddress(text) !== undefined;
}

function parseTopic(text: string): TopicAddress | undefined {
  // The limit keeps a name of nothing but slashes from becoming an array of a hundred thousand levels.
  const levels = text.split('/', fieldLimits.topicLevels + 1);
  if (levels.length > fieldLimits.topicLevels) return undefined;
  for (const level of levels) {
    if (!isNameText(level, fieldLimits.topicLevelBytes) || level.includes('+') || level.includes('#')) return undefined;
  }
  return { kind: 'topic', levels };
}
