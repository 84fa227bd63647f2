// Groups: members write, or only owners and admins if the settings say so. Applications write whatever the members may.

import { groupSettingsFrom } from '../../channel/group-settings.js';
import type { LoadedChannel } from '../../membership/loaded-channel.js';
import type { RuleRefusal, Writer } from './rule-refusal.js';

/** To others, a group that is closed and one that does not exist look alike. */
export const NOT_A_MEMBER: RuleRefusal = Object.freeze<RuleRefusal>({
  code: 'not_a_member',
  message: 'expected a group of this user: nothing was stored',
  counted: 'notAMember',
});

const ADMINS_ONLY: RuleRefusal = Object.freeze<RuleRefusal>({
  code: 'forbidden',
  message: 'only the owners and admins of this group write in it: nothing was stored',
  counted: 'notAllowed',
});

export function judgeGroupSend(rights: LoadedChannel | undefined, { from }: Writer): RuleRefusal | undefined {
  if (rights === undefined || rights.isClosed || rights.version === 0) return NOT_A_MEMBER;
  if (from === undefined) return undefined;
  const member = rights.member(from);
  if (member === undefined) return NOT_A_MEMBER;
  const isForAdmins = member.role === 'member' && groupSettingsFrom(rights.settings).posting === 'admins';
  return isForAdmins ? ADMINS_ONLY : undefined;
}
