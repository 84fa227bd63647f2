// `users`: the names and pictures of users with whom this one shares a channel.

import { encodeUsers, type UsersCommand } from '@longwire/protocol';
import type { UserProfiles } from '../../messaging/user-profiles.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { reply } from './reply.js';

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
