// `users`, `users.search` and `user.update`: the names and pictures of users.

import {
  encodeOk,
  encodeUsers,
  fieldLimits,
  type UsersCommand,
  type UsersSearchCommand,
  type UserUpdateCommand,
} from '@longwire/protocol';
import type { UserProfiles } from '../../messaging/user-profiles.js';
import { harmlessName, usablePicture } from '../auth/profile-claims.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { type CommandError, reply, replyError } from './reply.js';

export function handleUsers(
  session: ClientSession,
  command: UsersCommand,
  profiles: UserProfiles,
  onFailure: PageFailure,
): void {
  replyWithPage(session, command, onFailure, async () => {
    const users = await profiles.shared(session.user, command.users, command.group);
    reply(session, command, (re) => encodeUsers(re, users));
  });
}

/** @param isAllowed  `users.searchable` */
export function handleUsersSearch(
  session: ClientSession,
  command: UsersSearchCommand,
  { profiles, isAllowed }: { readonly profiles: UserProfiles; readonly isAllowed: boolean },
  onFailure: PageFailure,
): void {
  if (!isAllowed) {
    replyError(session, command, notSearchable);
    return;
  }
  replyWithPage(session, command, onFailure, async () => {
    const { prefix, limit = fieldLimits.foundUsers } = command;
    const users = await profiles.search(session.user, prefix, limit);
    reply(session, command, (re) => encodeUsers(re, users));
  });
}

export function handleUserUpdate(
  session: ClientSession,
  command: UserUpdateCommand,
  profiles: UserProfiles,
  onFailure: PageFailure,
): void {
  const { user } = command;
  // What a token may leave out, a command must not: its sender learns what is wrong.
  const name = command.name && (harmlessName(command.name) ?? 'unusable');
  const picture = command.picture && (usablePicture(command.picture) ?? 'unusable');
  const refusal =
    session.role !== 'admin' ? onlyAdmins : name === 'unusable' || picture === 'unusable' ? unusable : undefined;
  if (refusal !== undefined) {
    replyError(session, command, refusal);
    return;
  }
  replyWithPage(session, command, onFailure, async () => {
    const isKnown = await profiles.change(user, { name, picture }, session.user);
    if (isKnown) reply(session, command, encodeOk);
    else replyError(session, command, unknownUser);
  });
}

const notSearchable: CommandError = {
  code: 'forbidden',
  message: 'this server does not let users be searched for (users.searchable)',
};

const onlyAdmins: CommandError = {
  code: 'forbidden',
  message: 'only admins change the names and pictures of users: their own come from their tokens',
};

const unusable: CommandError = {
  code: 'invalid_field',
  message: 'expected a name that is not empty, and an http: or https: URL of at most 1 000 characters as the picture',
};

const unknownUser: CommandError = {
  code: 'no_such_user',
  message: 'this user has never signed in, and nothing was written to them: nothing was stored',
};
