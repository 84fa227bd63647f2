// `block` and `unblock`: nothing passes between two users, or again.

import { type BlockCommand, encodeOk, type UnblockCommand } from '@longwire/protocol';
import type { Blocks } from '../../messaging/blocks.js';
import type { ClientSession } from '../client-session.js';
import { reply, replyError } from './reply.js';

export function handleBlock(session: ClientSession, command: BlockCommand | UnblockCommand, blocks: Blocks): void {
  session.startCommand();
  const isBlocked = command.type === 'block';
  void blocks.set({ by: session.user, user: command.user, isBlocked, session }).then((outcome) => {
    if (outcome.ok) reply(session, command, encodeOk);
    else replyError(session, command, outcome);
    session.finishCommand();
  });
}
