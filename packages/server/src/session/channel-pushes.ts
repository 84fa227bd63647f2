// `channel`: what changed of a channel for one user, outside its log, to the user's other sessions.

import type { UserId } from '@longwire/protocol';
import type { BusEvent, EventListener } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { LaneListener } from '../bus/order-gate.js';
import type { Channel } from '../channel/channel.js';
import type { LaneRow } from '../channel/lane.js';
import { CodecPushes } from '../delivery/encoded-push.js';
import type { ChannelList } from '../messaging/channel-list.js';
import { StatePushes, type StatePushesParts } from './state-pushes.js';

export interface ChannelPushesParts extends Omit<StatePushesParts<Channel>, 'read'> {
  readonly channels: Pick<ChannelList, 'describe'>;
}

export class ChannelPushes extends StatePushes<Channel> implements LaneListener, EventListener {
  constructor({ channels, ...parts }: ChannelPushesParts) {
    super({ ...parts, read: (user, channel) => describe(channels, user, channel) });
  }

  /** A block is shown to the user who blocks, and to no other user. */
  onRow({ channel, change }: LaneRow, origin: EntryOrigin | undefined): void {
    if (change === undefined || channel.kind !== 'direct') return;
    for (const { by } of change.blocks) this.push(by, channel, origin);
  }

  onEvent(event: BusEvent): void {
    if (event.type === 'channel') this.push(event.user, event.channel, event.origin);
  }
}

async function describe(
  channels: ChannelPushesParts['channels'],
  user: UserId,
  channel: Channel,
): Promise<CodecPushes | undefined> {
  const page = { channels: [{ channel, read: 0 }], isMore: false };
  const [description] = (await channels.describe(user, page)).channels;
  return description && new CodecPushes((codec) => codec.channel(description, user));
}
