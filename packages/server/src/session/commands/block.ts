// `block` and `unblock`: nothing passes between two users, or again. `blocks`: whom a user blocks.

import {
  type BlockCommand,
  type BlocksCommand,
  encodeBlocks,
  encodeOk,
  fieldLimits,
  type UnblockCommand,
} from '@longwire/protocol';
import type { Blocks } from '../../messaging/blocks.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
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

export function handleBlocks(
  session: ClientSession,
  command: BlocksCommand,
  blocks: Blocks,
  onFailure: PageFailure,
): void {
  const { after, limit = fieldLimits.defaultPageItems } = command;
  replyWithPage(session, command, onFailure, async () => {
    const page = await blocks.page(session.user, after, limit);
    if (page === undefined) {
      const message = 'after: expected the last user of the page before, got another one';
      replyError(session, command, { code: 'invalid_field', message });
      return;
    }
    reply(session, command, (re) => encodeBlocks(re, page));
  });
}
