// What a group is to the user, and how its changes change it.

import type { GroupChange, MemberChange } from '@longwire/client';

/** What a group is to the user. */
export interface GroupState {
  readonly title: string | undefined;
  readonly role: string | undefined;
  /** Undefined until it is known. */
  readonly members: number | undefined;
  readonly posting: string | undefined;
  /** The user is no longer a member, or the group has ended. */
  readonly isOver: boolean;
}

export const UNKNOWN_GROUP: GroupState = {
  title: undefined,
  role: undefined,
  members: undefined,
  posting: undefined,
  isOver: false,
};

/** @param user  the signed-in user */
export function changedGroup(group: GroupState, change: MemberChange | GroupChange, user: string): GroupState {
  if ('settings' in change) {
    const { settings, deleted } = change;
    const title = settings.title === undefined ? group.title : (settings.title ?? undefined);
    const posting = settings.posting === undefined ? group.posting : (settings.posting ?? undefined);
    return { ...group, title, posting, isOver: group.isOver || deleted };
  }
  const isAboutUser = change.users.some((each) => each === user);
  const count = group.members ?? 0;
  switch (change.change) {
    case 'joined':
    case 'added':
      if (isAboutUser) return { ...group, role: 'member', isOver: false };
      return { ...group, members: group.members === undefined ? undefined : count + change.users.length };
    case 'left':
    case 'removed':
      if (isAboutUser) return { ...group, isOver: true };
      return { ...group, members: group.members === undefined ? undefined : count - change.users.length };
    case 'role':
      return isAboutUser ? { ...group, role: change.role } : group;
    default:
      return group;
  }
}
