// `group.members`: one page of the members of a group.

import { encodeGroupMembers, fieldLimits, type GroupMembersCommand } from '@longwire/protocol';
import { groupChannel } from '../../channel/channel.js';
import type { GroupMembers } from '../../messaging/group-members.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { reply, replyError } from './reply.js';

export function handleGroupMembers(
  session: ClientSession,
  command: GroupMembersCommand,
  groupMembers: GroupMembers,
  onFailure: PageFailure,
): void {
  const { group, after, limit = fieldLimits.defaultPageItems } = command;
  replyWithPage(session, command, onFailure, async () => {
    const outcome = await groupMembers.page({ user: session.user, channel: groupChannel(group), after, limit });
    if (!outcome.ok) {
      replyError(session, command, outcome);
      return;
    }
    const { more, total } = outcome;
    const members = outcome.members.map(({ user, role }) => ({ user, role }));
    reply(session, command, (re) => encodeGroupMembers(re, { members, more, total }));
  });
}
