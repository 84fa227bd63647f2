// `channel` with `invitation`: a user is invited to a group, or not any more, to all sessions of the user.

import type { UserId } from '@longwire/protocol';
import type { LaneListener } from '../bus/order-gate.js';
import type { GroupChannel } from '../channel/channel.js';
import type { LaneRow } from '../channel/lane.js';
import { CodecPushes } from '../delivery/encoded-push.js';
import type { GroupInvitations } from '../messaging/group-invitations.js';
import { StatePushes, type StatePushesParts } from './state-pushes.js';

export interface InvitationPushesParts extends Omit<StatePushesParts<GroupChannel>, 'read'> {
  readonly invitations: Pick<GroupInvitations, 'of'>;
}

export class InvitationPushes extends StatePushes<GroupChannel> implements LaneListener {
  constructor({ invitations, ...parts }: InvitationPushesParts) {
    super({ ...parts, read: (user, channel) => present(invitations, user, channel) });
  }

  onRow({ channel, change }: LaneRow): void {
    if (change === undefined || channel.kind !== 'group') return;
    for (const { user, state, was } of change.pending) {
      if (state === 'invited' || was === 'invited') this.push(user, channel, undefined);
    }
  }
}

async function present(
  invitations: InvitationPushesParts['invitations'],
  user: UserId,
  channel: GroupChannel,
): Promise<CodecPushes | undefined> {
  const invitation = await invitations.of(user, channel);
  if (invitation === 'hidden') return undefined;
  return new CodecPushes((codec) =>
    invitation === undefined ? codec.invitationEnded(channel, user) : codec.invitation(invitation, user),
  );
}
