// Groups: members write, or only owners and admins if the settings say so. Applications write whatever the members may.

import type { LoadedChannel } from '../../membership/loaded-channel.js';
import type { RuleRefusal, Writer } from './rule-refusal.js';

/** What of a group's settings decides who writes. */
export interface GroupPosting {
  readonly posting?: 'members' | 'admins';
}

/** To others, a group that is closed and one that does not exist look alike. */
const NOT_A_MEMBER: RuleRefusal = Object.freeze<RuleRefusal>({
  code: 'not_a_member',
  message: 'expected a group of this user: nothing was stored',
  counted: 'notAMember',
});

const ADMINS_ONLY: RuleRefusal = Object.freeze<RuleRefusal>({
  code: 'forbidden',
  message: 'only the owners and admins of this group write in it: nothing was stored',
  counted: 'notAllowed',
});

/** By the text of the settings: a group is written to again and again. */
const postings = new WeakMap<LoadedChannel, { readonly settings: string; readonly isForAdmins: boolean }>();

export function judgeGroupSend(rights: LoadedChannel | undefined, { from }: Writer): RuleRefusal | undefined {
  if (rights === undefined || rights.isClosed || rights.version === 0) return NOT_A_MEMBER;
  if (from === undefined) return undefined;
  const member = rights.member(from);
  if (member === undefined) return NOT_A_MEMBER;
  return member.role === 'member' && isForAdmins(rights) ? ADMINS_ONLY : undefined;
}

function isForAdmins(rights: LoadedChannel): boolean {
  const { settings } = rights;
  if (settings === undefined) return false;
  const known = postings.get(rights);
  if (known?.settings === settings) return known.isForAdmins;
  const isForAdmins = postingOf(settings) === 'admins';
  postings.set(rights, { settings, isForAdmins });
  return isForAdmins;
}

/** Settings that cannot be read leave the group to its owners and admins. */
function postingOf(settings: string): GroupPosting['posting'] {
  try {
    return (JSON.parse(settings) as GroupPosting | null)?.posting;
  } catch {
    return 'admins';
  }
}
