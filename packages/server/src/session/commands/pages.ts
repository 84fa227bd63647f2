// `history` and `channels`: answers of up to a page, made one at a time when the outbox has room for them.

import {
  type ChannelsCommand,
  encodeChannelSummary,
  encodeChannels,
  encodeHistory,
  encodeMessagePush,
  fieldLimits,
  type HistoryCommand,
  parseAddress,
  type UserId,
} from '@longwire/protocol';
import { addressFor, directChannelKey, directPairOf, peerIn } from '../../channel/channel-key.js';
import type { Entry } from '../../channel/entry.js';
import type { ChannelList } from '../../messaging/channel-list.js';
import type { History } from '../../messaging/history.js';
import type { ClaimedPosition } from '../../messaging/positions.js';
import type { ChannelDescription, Directory } from '../../storage/directory.js';
import type { Session } from '../session.js';
import { allStandings } from '../sign-in.js';
import { answer, type Refusal, refuse, unavailable } from './reply.js';

/** Told why a page could not be made; the client hears only that it could not. */
export type PageFailure = (error: unknown) => void;

export function handleHistory(
  session: Session,
  command: HistoryCommand,
  history: History,
  onFailure: PageFailure,
): void {
  const parsed = parseAddress(command.channel);
  if (parsed.kind !== 'direct') {
    const message = `channel: expected user/<id>, got ${command.channel}; this version offers direct channels`;
    refuse(session, command, { code: 'invalid_field', message });
    return;
  }
  const { user } = session;
  const channel = directChannelKey(user, parsed.peer);
  inPage(session, command, onFailure, async () => {
    const outcome = await history.page({
      channel,
      before: claimed(command.before),
      after: claimed(command.after),
      limit: command.limit ?? fieldLimits.defaultPageItems,
    });
    if (!outcome.ok) {
      refuse(session, command, outcome);
      return;
    }
    const texts = outcome.entries.map((entry) => entryText(entry, user));
    answer(session, command, (re) => encodeHistory(re, texts, outcome));
  });
}

export function handleChannels(
  session: Session,
  command: ChannelsCommand,
  list: ChannelList,
  directory: Directory,
  onFailure: PageFailure,
): void {
  const { user, device } = session.identity!;
  const after = command.after === undefined ? undefined : parseAddress(command.after);
  if (after !== undefined && after.kind !== 'direct') {
    refuse(session, command, unknownAfter(command));
    return;
  }
  inPage(session, command, onFailure, async () => {
    const standings = await allStandings(directory, user, device);
    const limit = command.limit ?? fieldLimits.defaultPageItems;
    const page =
      after === undefined
        ? await list.firstPage(user, standings, limit)
        : await list.pageAfter(user, standings, directChannelKey(user, after.peer), limit);
    if (page === undefined) {
      refuse(session, command, unknownAfter(command));
      return;
    }
    const texts = page.channels.map((channel) => channelText(channel, user));
    answer(session, command, (re) => encodeChannels(re, texts, page));
  });
}

function unknownAfter({ after }: ChannelsCommand): Refusal {
  const message = `after: expected the address of one of your channels, from the page before, got ${after}`;
  return { code: 'invalid_field', message };
}

/** One channel as `connected` and `channels` show it to `viewer`. */
export function channelText(channel: ChannelDescription, viewer: UserId): string {
  const pair = directPairOf(channel.channel);
  const peer = pair === undefined ? undefined : channel.members.find((member) => member.user === peerIn(pair, viewer));
  const own = channel.members.find((member) => member.user === viewer);
  const summary = {
    address: addressFor(channel.channel, viewer),
    epoch: channel.epoch,
    head: channel.head,
    read: own?.read ?? 0,
    unread: channel.unread,
    visibleFrom: channel.visibleFrom,
    peer: peer === undefined ? undefined : { delivered: peer.delivered, read: peer.read },
  };
  return encodeChannelSummary(summary, channel.last === undefined ? undefined : entryText(channel.last, viewer));
}

function entryText(entry: Entry, viewer: UserId): string {
  return encodeMessagePush(entry, addressFor(entry.channel, viewer), entry.from === viewer ? entry.key : undefined);
}

function claimed(position: ClaimedPosition | number | undefined): ClaimedPosition | undefined {
  return typeof position === 'number' ? { epoch: undefined, offset: position } : position;
}

function inPage(
  session: Session,
  command: HistoryCommand | ChannelsCommand,
  onFailure: PageFailure,
  make: () => Promise<void>,
): void {
  session.asked();
  session.whenRoomForPage(async () => {
    try {
      await make();
    } catch (error) {
      onFailure(error);
      refuse(session, command, unavailable(error, 'the page'));
    }
    session.answered();
  });
}
