// The changes of a group as people and programs read them.

import type { GroupChange, GroupInvitation, GroupReceipts, MemberChange, PendingMember } from '@longwire/client';
import { printable } from '../terminal/printable.js';

/**
 * Such as `alice added bob, carol`.
 * @param textOf  how users are shown; default: by their ids
 */
export function memberChangeText({ change, users, role, from }: MemberChange, textOf = idAlone): string {
  const actor = from === undefined ? '?' : textOf(from);
  const names = users.map((user) => textOf(user)).join(', ');
  switch (change) {
    case 'joined':
    case 'left':
      return `${names} ${change}`;
    case 'added':
    case 'removed':
      return `${actor} ${change} ${names}`;
    case 'role':
      return `${actor} gave ${names} the role ${role}`;
    default:
      return `${actor}: ${change} ${names}`;
  }
}

/**
 * Such as `alice set title to "Engineering"`.
 * @param textOf  as in `memberChangeText`
 */
export function groupChangeText({ settings, deleted, offset, from }: GroupChange, textOf = idAlone): string {
  const actor = from === undefined ? '?' : textOf(from);
  if (deleted) return `${actor} ended the group`;
  const changes = Object.entries(settings).map(
    ([name, value]) => `${name} to ${value === null ? 'its default' : JSON.stringify(value)}`,
  );
  const set = changes.length === 0 ? '' : `set ${changes.join(', ')}`;
  // A group begins with its creation.
  if (offset === 1) return `${actor} created the group${set && ` and ${set}`}`;
  return `${actor} ${set}`;
}

/** Such as `eng (Engineering): invited by alice`. */
export function invitationText({ group, by, title }: GroupInvitation): string {
  return `${group}${title === undefined ? '' : ` (${title})`}: invited by ${by}`;
}

/** Such as `carol: asked to join`. */
export function pendingText({ user, state, by }: PendingMember): string {
  return state === 'requested' ? `${user}: asked to join` : `${user}: ${state} by ${by}`;
}

/** Such as `bob: read`. */
export function receiptText(user: string, { read }: GroupReceipts): string {
  return `${user}: ${read.includes(user) ? 'read' : 'delivered'}`;
}

/** The change as one JSON object on one line. */
export function groupEntryJson(type: 'member' | 'group', entry: MemberChange | GroupChange): string {
  return printable(JSON.stringify({ type, ...entry }));
}

/** How users are shown whose names are not asked for. */
export function idAlone(user: string): string {
  return user;
}
