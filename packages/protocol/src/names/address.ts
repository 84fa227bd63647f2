// The names of channels: `user/bob`, `group/eng`, `inbox`, `all`, `topic/stocks/AAPL`.

import type { Branded } from './brand.js';
import { type GroupId, parseGroupId, parseUserId, type UserId } from './ids.js';
import { formatTopicLevels, parseTopicLevels } from './topic-levels.js';

/** The text form. Relative to the user: alice's `user/bob` is bob's `user/alice`. */
export type Address = Branded<string, 'Address'>;

export interface DirectAddress {
  readonly kind: 'direct';
  readonly peer: UserId;
}
export interface GroupAddress {
  readonly kind: 'group';
  readonly group: GroupId;
}
/** `user` is undefined in the user's own address of it; backends name the user. */
export interface InboxAddress {
  readonly kind: 'inbox';
  readonly user: UserId | undefined;
}
export interface AnnouncementAddress {
  readonly kind: 'announcement';
}
/** 1-32 levels. In the address each has 1-255 bytes, with `%` escapes; here they are unescaped, and may be empty. */
export interface TopicAddress {
  readonly kind: 'topic';
  readonly levels: readonly string[];
}
export type ParsedAddress = DirectAddress | GroupAddress | InboxAddress | AnnouncementAddress | TopicAddress;

/**
 * Parses an address. Undefined if `text` is not one.
 * For every address, `formatAddress(parseAddress(text)) === text`.
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
    case 'topic': {
      const levels = parseTopicLevels(rest);
      return levels === undefined ? undefined : { kind: 'topic', levels };
    }
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
      return `topic/${formatTopicLevels(address.levels)}` as Address;
  }
}

/** The address of the direct channel with `peer`. */
export function directAddress(peer: UserId): Address {
  return `user/${peer}` as Address;
}

/** Whether `text` follows the grammar of addresses. The channel need not exist. */
export function isAddress(text: string): text is Address {
  return parseAddress(text) !== undefined;
}
