// `history`: one page of a channel's log.

import { encodeHistory, fieldLimits, type HistoryCommand, parseAddress } from '@longwire/protocol';
import { channelAt } from '../../channel/channel-address.js';
import type { History } from '../../messaging/history.js';
import type { ClaimedPosition } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { entryText } from './channel-summary.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { reply, replyError } from './reply.js';

export function handleHistory(
  session: ClientSession,
  command: HistoryCommand,
  history: History,
  onFailure: PageFailure,
): void {
  const parsed = parseAddress(command.channel);
  if (parsed.kind !== 'direct') {
    const message = `channel: expected user/<id>, got ${command.channel}; this version offers direct channels`;
    replyError(session, command, { code: 'invalid_field', message });
    return;
  }
  const { user } = session;
  const channel = channelAt(parsed, user);
  replyWithPage(session, command, onFailure, async () => {
    const outcome = await history.page({
      user,
      channel,
      before: claimed(command.before),
      after: claimed(command.after),
      limit: command.limit ?? fieldLimits.defaultPageItems,
    });
    if (!outcome.ok) {
      replyError(session, command, outcome);
      return;
    }
    const texts = outcome.entries.map((entry) => entryText(entry, user));
    reply(session, command, (re) => encodeHistory(re, texts, outcome));
  });
}

function claimed(position: ClaimedPosition | number | undefined): ClaimedPosition | undefined {
  return typeof position === 'number' ? { epoch: undefined, offset: position } : position;
}
