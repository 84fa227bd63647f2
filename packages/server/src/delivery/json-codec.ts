// The codec of longwire.v1.json: one JSON object in a text, or several separated by line feeds.

import {
  encodeChannelPush,
  encodeChannelRemovedPush,
  encodeChannelSummary,
  encodeEntryPush,
  encodeGapPush,
  encodeGoodbyePush,
  encodeInvitationEndedPush,
  encodeInvitationPush,
  encodePresencePush,
  encodeReceiptPush,
  encodeSignalPush,
} from '@longwire/protocol';
import { addressOf } from '../channel/channel-address.js';
import { channelText } from './channel-summary.js';
import type { Codec } from './codec.js';

export const jsonCodec: Codec = Object.freeze<Codec>({
  entry: (entry, viewer, key) => encodeEntryPush(entry, addressOf(entry.channel, viewer), key),
  receipt: (event, viewer) => encodeReceiptPush(event, addressOf(event.channel, viewer)),
  signal: (event, viewer) => encodeSignalPush(event, addressOf(event.channel, viewer), event.data),
  presence: encodePresencePush,
  channel: (description, viewer) => encodeChannelPush(channelText(description, viewer)),
  gap: (gap, channel, viewer) => encodeGapPush(gap, addressOf(channel, viewer)),
  joined: ({ channel, epoch, head, read, visibleFrom, role, settings, memberCount }, viewer) => {
    const { title, picture, posting } = settings;
    const own = { address: addressOf(channel, viewer), epoch, head, read, unread: 0, visibleFrom };
    const summary = { ...own, role, title, picture, members: memberCount, posting };
    return encodeChannelPush(encodeChannelSummary(summary, undefined));
  },
  removed: (channel, viewer) => encodeChannelRemovedPush(addressOf(channel, viewer)),
  invitation: (invitation, viewer) => encodeInvitationPush(addressOf(invitation.channel, viewer), invitation),
  invitationEnded: (channel, viewer) => encodeInvitationEndedPush(addressOf(channel, viewer)),
  goodbye: encodeGoodbyePush,
  join: (texts) => texts.join('\n'),
});
