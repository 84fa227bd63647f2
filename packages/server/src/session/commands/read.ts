// `read`: the user has read everything up to this position, or with `only` this notification alone.

import type { ReadCommand } from '@longwire/protocol';
import type { Positions } from '../../messaging/positions.js';
import type { SingleReads } from '../../messaging/single-reads.js';
import type { ClientSession } from '../client-session.js';
import { positionTarget, replyPositionFailure, replyPositionOutcome } from './position-target.js';
import { replyError } from './reply.js';

export function handleRead(
  session: ClientSession,
  command: ReadCommand,
  positions: Positions,
  singleReads: SingleReads,
): void {
  const target = positionTarget(session, command.channel, command);
  if ('code' in target) {
    replyError(session, command, target);
    return;
  }
  const { channel, claimed } = target;
  session.startCommand();
  const isSingle = command.only === true && channel.kind === 'inbox';
  const outcome = isSingle
    ? singleReads.read(session.user, channel, claimed)
    : positions.read(session.user, channel, claimed);
  void Promise.resolve(outcome).then(
    (settled) => {
      replyPositionOutcome(session, command, settled);
      session.finishCommand();
    },
    (error: unknown) => replyPositionFailure(session, command, error),
  );
}
