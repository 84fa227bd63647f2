// `channels`: one page of the user's channels, newest first.

import { type ChannelsCommand, encodeChannels, fieldLimits, parseAddress } from '@longwire/protocol';
import { channelAt } from '../../channel/channel-address.js';
import { channelText, fittingTexts } from '../../delivery/channel-summary.js';
import type { ChannelList } from '../../messaging/channel-list.js';
import type { ClientSession } from '../client-session.js';
import { type PageFailure, replyWithPage } from './page-reply.js';
import { type CommandError, reply, replyError } from './reply.js';

export function handleChannels(
  session: ClientSession,
  command: ChannelsCommand,
  list: ChannelList,
  onFailure: PageFailure,
): void {
  const { user, device } = session.identity!;
  const channel = command.after === undefined ? undefined : channelAt(parseAddress(command.after), user);
  replyWithPage(session, command, onFailure, async () => {
    const page = await list.page(user, device, channel, command.limit ?? fieldLimits.defaultPageItems);
    if (page === undefined) {
      replyError(session, command, unknownAfter(command));
      return;
    }
    const all = page.channels.map((each) => channelText(each, user));
    const texts = fittingTexts(all, fieldLimits.pageBytes);
    const more = page.more || texts.length < all.length;
    reply(session, command, (re) => encodeChannels(re, texts, { more }));
  });
}

function unknownAfter({ after }: ChannelsCommand): CommandError {
  const message = `after: expected the address of one of your channels, from the page before, got ${after}`;
  return { code: 'invalid_field', message };
}
