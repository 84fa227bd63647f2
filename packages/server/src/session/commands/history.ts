// `history`: one page of a channel's log.

import {
  type Epoch,
  encodeGapPush,
  encodeHistory,
  fieldLimits,
  type HistoryCommand,
  type UserId,
} from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { addressOf } from '../../channel/channel-address.js';
import { isGap, type LogItem } from '../../channel/log-item.js';
import { entryText } from '../../delivery/channel-summary.js';
import type { History } from '../../messaging/history.js';
import type { ClaimedPosition } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { channelToRead } from './offered-channel.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { reply, replyError } from './reply.js';

export function handleHistory(
  session: ClientSession,
  command: HistoryCommand,
  history: History,
  onFailure: PageFailure,
): void {
  const { user } = session;
  const channel = channelToRead(session, 'channel', command.channel);
  if ('code' in channel) {
    replyError(session, command, channel);
    return;
  }
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
    const { epoch, items } = outcome;
    const texts = items.map((item) => itemText(item, { channel, epoch: epoch!, viewer: user }));
    reply(session, command, (re) => encodeHistory(re, texts, outcome));
  });
}

/** A gap looks like its push as well. */
function itemText(
  item: LogItem,
  log: { readonly channel: Channel; readonly epoch: Epoch; readonly viewer: UserId },
): string {
  if (!isGap(item)) return entryText(item, log.viewer);
  const { from, to, reason } = item;
  return encodeGapPush({ epoch: log.epoch, from, to, next: to + 1, reason }, addressOf(log.channel, log.viewer));
}

function claimed(position: ClaimedPosition | number | undefined): ClaimedPosition | undefined {
  return typeof position === 'number' ? { epoch: undefined, offset: position } : position;
}
