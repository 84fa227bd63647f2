// Members, blocks and settings of the memory engine's channels.

import type { UserId } from '@longwire/protocol';
import type {
  AppliedChange,
  ChangedMember,
  ChangedPending,
  ChannelMember,
  ChannelRights,
  MemberChange,
  RightsChange,
  Stay,
} from '../../channel/membership.js';
import type { MemoryChannel, MemoryState } from './memory-state.js';

/** The newest stay of a user. Undefined: the user was never in the channel. */
export function stayOf(channel: MemoryChannel | undefined, user: UserId): Stay | undefined {
  return channel?.members.get(user)?.stays.at(-1);
}

/** Whether the user blocks the other one of a direct channel. */
export function blocks({ channel, rights }: MemoryChannel, user: UserId): boolean {
  if (channel.kind !== 'direct') return false;
  return user === channel.low ? rights.blocks.low : user === channel.high && rights.blocks.high;
}

/** @param offset  of the entry that carries the change; it has one if the change has members */
export function applyChange(
  state: MemoryState,
  channel: MemoryChannel,
  change: RightsChange,
  { seq, offset, at }: { readonly seq: number; readonly offset: number | undefined; readonly at: number },
): AppliedChange {
  const changed = new Map<UserId, ChangedMember>();
  for (const memberChange of change.members) {
    const { user } = memberChange;
    const before = stayOf(channel, user);
    const stay = nextStay(before, memberChange, offset!);
    if (stay === undefined) continue;
    state.putStay(channel, user, stay);
    const leftBefore = stay.joined === before?.joined ? changed.get(user)?.leftBefore : before?.left;
    changed.set(user, { user, ...stay, leftBefore });
  }
  const pending = changePending(state, channel, change, at);
  const { rights } = channel;
  rights.version = seq;
  rights.settings = change.settings ?? rights.settings;
  rights.isClosed ||= change.closes;
  for (const { by, isBlocked } of change.blocks) {
    if (channel.channel.kind !== 'direct') continue;
    if (by === channel.channel.low) rights.blocks.low = isBlocked;
    if (by === channel.channel.high) rights.blocks.high = isBlocked;
  }
  const { settings, blocks, closes } = change;
  return { members: [...changed.values()], pending, settings, blocks, closes };
}

/** After the members: a user who is one is not pending. */
function changePending(
  state: MemoryState,
  channel: MemoryChannel,
  { members, pending }: RightsChange,
  at: number,
): ChangedPending[] {
  const changed: ChangedPending[] = [];
  const isMember = (user: UserId) => {
    const stay = stayOf(channel, user);
    return stay !== undefined && stay.left === undefined;
  };
  for (const { user } of members) {
    const before = isMember(user) ? channel.pending.get(user) : undefined;
    if (before === undefined) continue;
    state.setPending(channel, user, undefined);
    changed.push({ user, state: undefined, by: before.by, at, was: before.state });
  }
  for (const { user, state: next, by } of pending) {
    const was = channel.pending.get(user)?.state;
    if (next === was || (next !== undefined && isMember(user))) continue;
    state.setPending(channel, user, next && { user, state: next, by, at });
    changed.push({ user, state: next, by, at, was });
  }
  return changed;
}

/** Undefined: nothing changes. */
function nextStay(present: Stay | undefined, change: MemberChange, offset: number): Stay | undefined {
  const isMember = present !== undefined && present.left === undefined;
  switch (change.type) {
    case 'join': {
      if (isMember) return present.role === change.role ? undefined : { ...present, role: change.role };
      const visibleFrom = change.visibleFrom === 'start' ? 1 : offset;
      return { joined: offset, left: undefined, role: change.role, dueFrom: offset, visibleFrom };
    }
    case 'leave':
      return isMember ? { ...present, left: offset } : undefined;
    case 'role':
      return isMember && present.role !== change.role ? { ...present, role: change.role } : undefined;
  }
}

export function rightsOf({ channel, rights, members }: MemoryChannel): ChannelRights {
  const { version, isClosed, settings, blocks } = rights;
  const memberCount = channel.kind === 'group' ? [...members.values()].filter(isPresent).length : 0;
  return { channel, version, isClosed, settings, blocks: { ...blocks }, memberCount };
}

/** Users who are in a group, ascending by the bytes of their ids. */
export function presentMembers({ channel, members }: MemoryChannel): ChannelMember[] {
  if (channel.kind !== 'group') return [];
  return [...members]
    .filter(([, member]) => isPresent(member))
    .map(([user, { stays }]) => ({ user, ...stays.at(-1)! }))
    .sort((a, b) => compareBytes(a.user, b.user));
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isPresent({ stays }: { readonly stays: readonly Stay[] }): boolean {
  return stays.at(-1)!.left === undefined;
}
