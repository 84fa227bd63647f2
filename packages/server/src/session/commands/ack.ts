// `ack`: the device has everything up to these positions.

import type { AckCommand, Address } from '@longwire/protocol';
import type { ChannelClaim, Positions } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { positionTarget, replyPositionFailure, replyPositionOutcome } from './position-target.js';
import type { CommandError } from './reply.js';

export function handleAck(session: ClientSession, command: AckCommand, positions: Positions): void {
  const { user, device } = session.identity!;
  const claims: ChannelClaim[] = [];
  let refusal: CommandError | undefined;
  for (const address in command.cursors) {
    const cursor = command.cursors[address as Address]!;
    const claimed = typeof cursor === 'number' ? { epoch: undefined, offset: cursor } : cursor;
    const target = positionTarget(session, address as Address, claimed);
    if ('code' in target) refusal ??= target;
    else claims.push(target);
  }
  const outcome = positions.acknowledge(user, device, claims);
  // The usual case: every channel is in use, and nothing waits.
  if (!(outcome instanceof Promise)) {
    replyPositionOutcome(session, command, refusal ?? outcome);
    return;
  }
  session.startCommand();
  void outcome.then(
    (settled) => {
      replyPositionOutcome(session, command, refusal ?? settled);
      session.finishCommand();
    },
    (error: unknown) => replyPositionFailure(session, command, error),
  );
}
