// `ack`: the device has everything up to these positions.

import type { AckCommand, Address } from '@longwire/protocol';
import type { PositionOutcome, Positions } from '../../messaging/positions.js';
import type { ClientSession } from '../client-session.js';
import { positionTarget, replyPositionFailure, replyPositionOutcome } from './position-target.js';
import type { CommandError } from './reply.js';

export function handleAck(session: ClientSession, command: AckCommand, positions: Positions): void {
  const { user, device } = session.identity!;
  let waiting: Promise<PositionOutcome>[] | undefined;
  let refusal: CommandError | undefined;
  for (const address in command.cursors) {
    const cursor = command.cursors[address as Address]!;
    const claimed = typeof cursor === 'number' ? { epoch: undefined, offset: cursor } : cursor;
    const target = positionTarget(session, address as Address, claimed);
    if ('code' in target) {
      refusal ??= target;
      continue;
    }
    const outcome = positions.acknowledge(user, device, target.channel, target.claimed);
    if (outcome instanceof Promise) {
      waiting ??= [];
      waiting.push(outcome);
    } else if (!outcome.ok) {
      refusal ??= outcome;
    }
  }
  // The usual case: every channel is in use, nothing waits and no answer was asked for.
  if (waiting === undefined) {
    replyPositionOutcome(session, command, refusal);
    return;
  }
  session.startCommand();
  void Promise.all(waiting).then(
    (outcomes) => {
      replyPositionOutcome(session, command, refusal ?? outcomes.find((outcome) => !outcome.ok));
      session.finishCommand();
    },
    (error: unknown) => replyPositionFailure(session, command, error),
  );
}
