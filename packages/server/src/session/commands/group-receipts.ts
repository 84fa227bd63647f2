// `group.receipts`: who has received and read an entry of a group.

import { encodeGroupReceipts, type GroupReceiptsCommand } from '@longwire/protocol';
import { groupChannel } from '../../channel/channel.js';
import type { GroupReceipts } from '../../messaging/group-receipts.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { reply, replyError } from './reply.js';

export function handleGroupReceipts(
  session: ClientSession,
  command: GroupReceiptsCommand,
  receipts: GroupReceipts,
  onFailure: PageFailure,
): void {
  const { group, epoch, offset } = command;
  replyWithPage(session, command, onFailure, async () => {
    const outcome = await receipts.of({ user: session.user, channel: groupChannel(group), epoch, offset });
    if (outcome.ok) reply(session, command, (re) => encodeGroupReceipts(re, outcome));
    else replyError(session, command, outcome);
  });
}
