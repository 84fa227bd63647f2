// What a row changes of its channel's rights, as the text that the row keeps.

import type { AppliedChange, ChangedMember } from '../../channel/membership.js';

type StoredMember = Omit<ChangedMember, 'left' | 'leftBefore'> & {
  readonly left?: number;
  readonly leftBefore?: number;
};

interface StoredChange extends Omit<AppliedChange, 'members' | 'settings'> {
  readonly members: readonly StoredMember[];
  readonly settings?: string;
}

export function changeText({ members, settings, blocks, closes }: AppliedChange): string {
  // JSON leaves out what is undefined.
  return JSON.stringify({ members, settings, blocks, closes });
}

/** The text must be right: the checksum of its row is. */
export function changeFrom(text: string): AppliedChange {
  const { members, settings, blocks, closes } = JSON.parse(text) as StoredChange;
  return { members: members.map(memberFrom), settings, blocks, closes };
}

function memberFrom({ user, joined, left, role, dueFrom, visibleFrom, leftBefore }: StoredMember): ChangedMember {
  return { user, joined, left, role, dueFrom, visibleFrom, leftBefore };
}
