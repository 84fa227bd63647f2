// `group.members` and `group.invitations`: one page of the members of a group, of those who may become members, or of the
// groups that the user is invited to.

import {
  encodeGroupInvitation,
  encodeGroupMembers,
  encodeInvitations,
  fieldLimits,
  type GroupInvitationsCommand,
  type GroupMemberItem,
  type GroupMembersAnswer,
  type GroupMembersCommand,
} from '@longwire/protocol';
import { groupChannel } from '../../channel/channel.js';
import { fittingTexts } from '../../delivery/channel-summary.js';
import type { GroupInvitations } from '../../messaging/group-invitations.js';
import type { GroupMembers, GroupMembersRequest } from '../../messaging/group-members.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { type CommandError, reply, replyError } from './reply.js';

type MemberPage = { readonly ok: true } & Omit<GroupMembersAnswer, 're' | 'type'>;

export function handleGroupMembers(
  session: ClientSession,
  command: GroupMembersCommand,
  groupMembers: GroupMembers,
  onFailure: PageFailure,
): void {
  const { group, after, limit = fieldLimits.defaultPageItems } = command;
  const request = { user: session.user, channel: groupChannel(group), after, limit };
  replyWithPage(session, command, onFailure, async () => {
    const page = await (command.pending === true ? pendingOf(groupMembers, request) : membersOf(groupMembers, request));
    if (page.ok) reply(session, command, (re) => encodeGroupMembers(re, page));
    else replyError(session, command, page);
  });
}

async function membersOf(
  groupMembers: GroupMembers,
  request: GroupMembersRequest,
): Promise<MemberPage | ({ readonly ok: false } & CommandError)> {
  const outcome = await groupMembers.page(request);
  if (!outcome.ok) return outcome;
  const { total } = outcome;
  const texts = fittingTexts(outcome.members.map(jsonOf), fieldLimits.pageBytes);
  const members = outcome.members.slice(0, texts.length);
  return { ok: true, members, more: outcome.more || members.length < outcome.members.length, total };
}

async function pendingOf(
  groupMembers: GroupMembers,
  request: GroupMembersRequest,
): Promise<MemberPage | ({ readonly ok: false } & CommandError)> {
  const outcome = await groupMembers.pendingPage(request);
  if (!outcome.ok) return outcome;
  const { more, total } = outcome;
  return { ok: true, members: outcome.pending, more, total };
}

export function handleGroupInvitations(
  session: ClientSession,
  command: GroupInvitationsCommand,
  invitations: GroupInvitations,
  onFailure: PageFailure,
): void {
  const { after, limit = fieldLimits.defaultPageItems } = command;
  replyWithPage(session, command, onFailure, async () => {
    const page = await invitations.page(session.user, after && groupChannel(after), limit);
    const all = page.invitations.map(({ channel, ...rest }) =>
      encodeGroupInvitation({ group: channel.group, ...rest }),
    );
    const texts = fittingTexts(all, fieldLimits.pageBytes);
    const more = page.more || texts.length < all.length;
    reply(session, command, (re) => encodeInvitations(re, texts, { more }));
  });
}

function jsonOf(member: GroupMemberItem): string {
  return JSON.stringify(member);
}
