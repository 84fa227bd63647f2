// `read`: the user has read everything up to this position.

import type { ReadCommand } from '@longwire/protocol';
import type { Positions } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { positionTarget, replyPositionFailure, replyPositionOutcome } from './position-target.js';
import { replyError } from './reply.js';

export function handleRead(session: ClientSession, command: ReadCommand, positions: Positions): void {
  if (command.only === true) {
    const message = 'only: expected no such field, this version does not offer it (connected.features)';
    replyError(session, command, { code: 'invalid_field', message });
    return;
  }
  const target = positionTarget(session, command.channel, command);
  if ('code' in target) {
    replyError(session, command, target);
    return;
  }
  session.startCommand();
  void Promise.resolve(positions.read(session.user, target.channel, target.claimed)).then(
    (outcome) => {
      replyPositionOutcome(session, command, outcome);
      session.finishCommand();
    },
    (error: unknown) => replyPositionFailure(session, command, error),
  );
}
