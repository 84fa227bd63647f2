// What a row changes of its channel's rights, as the text that the row keeps.

import type { AppliedChange, ChangedMember, ChangedPending } from '../../channel/membership.js';

type StoredMember = Omit<ChangedMember, 'left' | 'leftBefore'> & {
  readonly left?: number;
  readonly leftBefore?: number;
};

type StoredPending = Omit<ChangedPending, 'state' | 'was'> & Partial<Pick<ChangedPending, 'state' | 'was'>>;

interface StoredChange extends Omit<AppliedChange, 'members' | 'pending' | 'settings'> {
  readonly members: readonly StoredMember[];
  /** Missing where it is empty. */
  readonly pending?: readonly StoredPending[];
  readonly settings?: string;
}

export function changeText({ members, pending, settings, blocks, closes }: AppliedChange): string {
  // JSON leaves out what is undefined.
  return JSON.stringify({ members, pending: pending.length === 0 ? undefined : pending, settings, blocks, closes });
}

/** The text must be right: the checksum of its row is. */
export function changeFrom(text: string): AppliedChange {
  const { members, pending = [], settings, blocks, closes } = JSON.parse(text) as StoredChange;
  return { members: members.map(memberFrom), pending: pending.map(pendingFrom), settings, blocks, closes };
}

function pendingFrom({ user, state, by, at, was }: StoredPending): ChangedPending {
  return { user, state, by, at, was };
}

function memberFrom({ user, joined, left, role, dueFrom, visibleFrom, leftBefore }: StoredMember): ChangedMember {
  return { user, joined, left, role, dueFrom, visibleFrom, leftBefore };
}
