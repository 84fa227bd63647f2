// What `ack` and `read` share: the channel that a position is in, and the answer to what became of it.

import { type AckCommand, type Address, encodeOk, type Position, type ReadCommand } from '@longwire/protocol';
import type { ChannelClaim, ClaimedPosition, PositionOutcome } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { channelToRead } from './offered-channel.js';
import { type CommandError, reply, replyError, unavailableError } from './reply.js';

export function positionTarget(
  session: ClientSession,
  address: Address,
  claimed: ClaimedPosition | Position,
): ChannelClaim | CommandError {
  const channel = channelToRead(session, 'channel', address);
  if ('code' in channel) return channel;
  if (claimed.epoch === undefined) {
    // A position without an epoch is one that this session was shown, and nothing newer.
    const given = session.reader?.behind.get(channel.key)?.position;
    if (given !== undefined && claimed.offset > given) {
      return {
        code: 'invalid_field',
        message: `this session was given ${address} up to ${given}, not ${claimed.offset}`,
      };
    }
  }
  return { channel, claimed };
}

export function replyPositionOutcome(
  session: ClientSession,
  command: AckCommand | ReadCommand,
  outcome: PositionOutcome | CommandError,
): void {
  if ('code' in outcome) replyError(session, command, outcome);
  else reply(session, command, encodeOk);
}

/** The position could not be checked; ends a command that was started. */
export function replyPositionFailure(session: ClientSession, command: AckCommand | ReadCommand, error: unknown): void {
  replyError(session, command, unavailableError(error, 'what the position is checked against'));
  session.finishCommand();
}
