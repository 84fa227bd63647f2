// The commands of groups: from their fields to an action for the rules, and its outcome back.

import { randomFillSync } from 'node:crypto';
import {
  encodeGroupOk,
  type GroupCommand,
  type GroupId,
  type GroupSettings,
  randomId,
  type UserId,
} from '@longwire/protocol';
import { groupChannel } from '../../channel/channel.js';
import { settingsAmong } from '../../channel/group-settings.js';
import type { GroupChanges } from '../../messaging/group-changes.js';
import type { Candidates, GroupAction } from '../../messaging/rules/group-judgement.js';
import type { ClientSession } from '../client-session.js';
import { reply, replyError, unavailableError } from './reply.js';

/** @param onFailure  called with why a command could not be carried out; the client learns only that it could not */
export function handleGroupCommand(
  session: ClientSession,
  command: GroupCommand,
  groups: GroupChanges,
  onFailure: (error: unknown) => void,
): void {
  session.startCommand();
  void carryOut(session, command, groups)
    .catch((error: unknown) => {
      onFailure(error);
      replyError(session, command, unavailableError(error, 'the group'));
    })
    .finally(() => session.finishCommand());
}

async function carryOut(session: ClientSession, command: GroupCommand, groups: GroupChanges): Promise<void> {
  const actor = session.user;
  const group = command.group ?? (randomId(randomFillSync) as GroupId);
  const action = await actionOf(command, group, (users) => candidatesOf(groups, actor, users));
  const key = 'key' in command ? command.key : undefined;
  const result = await groups.change({ channel: groupChannel(group), actor, action, key });
  if (result.ok) reply(session, command, (re) => encodeGroupOk(re, result.outcome));
  else replyError(session, command, result);
}

async function candidatesOf(groups: GroupChanges, actor: UserId, wanted: readonly UserId[]): Promise<Candidates> {
  return { wanted, consenting: await groups.consenting(actor, wanted) };
}

async function actionOf(
  command: GroupCommand,
  group: GroupId,
  candidates: (users: readonly UserId[]) => Promise<Candidates>,
): Promise<GroupAction> {
  switch (command.type) {
    case 'group.create': {
      const settings = settingsAmong(command) as GroupSettings;
      return { type: 'create', group, settings, users: await candidates(command.users ?? []) };
    }
    case 'group.update':
      return { type: 'update', settings: settingsAmong(command) };
    case 'group.add':
      return { type: 'add', users: await candidates(command.users) };
    case 'group.invite':
      return { type: 'add', users: { wanted: command.users, consenting: NONE } };
    case 'group.accept':
      return { type: 'accept', user: command.user };
    case 'group.decline':
      return { type: 'decline', user: command.user };
    case 'group.join':
      return { type: 'join' };
    case 'group.leave':
      return { type: 'leave' };
    case 'group.remove':
      return { type: 'remove', users: command.users };
    case 'group.role':
      return { type: 'role', user: command.user, role: command.role };
    case 'group.delete':
      return { type: 'delete' };
  }
}

/** No user is added without being asked. */
const NONE: ReadonlySet<UserId> = new Set();
