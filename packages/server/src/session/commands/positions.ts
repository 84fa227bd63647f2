// `ack` and `read`: cursors forward.

import {
  type AckCommand,
  type Address,
  encodeOk,
  type Position,
  parseAddress,
  type ReadCommand,
} from '@longwire/protocol';
import { type ChannelKey, directChannelKey } from '../../channel/channel-key.js';
import type { ClaimedPosition, PositionOutcome, Positions } from '../../messaging/positions.js';
import type { Session } from '../session.js';
import { answer, type Refusal, refuse, unavailable } from './reply.js';

export function handleAck(session: Session, command: AckCommand, positions: Positions): void {
  const { user, device } = session.identity!;
  let waiting: Promise<PositionOutcome>[] | undefined;
  let refusal: Refusal | undefined;
  for (const address in command.cursors) {
    const cursor = command.cursors[address as Address]!;
    const target = targetOf(
      session,
      address as Address,
      typeof cursor === 'number' ? { epoch: undefined, offset: cursor } : cursor,
    );
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
  // The usual case: every channel is in use, nothing waits and nobody wants an answer.
  if (waiting === undefined) {
    conclude(session, command, refusal);
    return;
  }
  session.asked();
  void Promise.all(waiting).then(
    (outcomes) => {
      conclude(session, command, refusal ?? outcomes.find((outcome) => !outcome.ok));
      session.answered();
    },
    (error: unknown) => fail(session, command, error),
  );
}

export function handleRead(session: Session, command: ReadCommand, positions: Positions): void {
  const target = targetOf(session, command.channel, command);
  if ('code' in target) {
    refuse(session, command, target);
    return;
  }
  session.asked();
  void Promise.resolve(positions.read(session.user, target.channel, target.claimed)).then(
    (outcome) => {
      conclude(session, command, outcome.ok ? undefined : outcome);
      session.answered();
    },
    (error: unknown) => fail(session, command, error),
  );
}

function conclude(
  session: Session,
  command: AckCommand | ReadCommand,
  refusal: PositionOutcome | Refusal | undefined,
): void {
  if (refusal !== undefined && 'code' in refusal) refuse(session, command, refusal);
  else answer(session, command, encodeOk);
}

function fail(session: Session, command: AckCommand | ReadCommand, error: unknown): void {
  refuse(session, command, unavailable(error, 'what the position is checked against'));
  session.answered();
}

interface Target {
  readonly channel: ChannelKey;
  readonly claimed: ClaimedPosition;
}

function targetOf(session: Session, address: Address, claimed: ClaimedPosition | Position): Target | Refusal {
  const parsed = parseAddress(address);
  if (parsed?.kind !== 'direct') {
    return { code: 'invalid_field', message: `expected the address of a direct channel, user/<id>, got ${address}` };
  }
  const channel = directChannelKey(session.user, parsed.peer);
  if (claimed.epoch === undefined) {
    // Whoever leaves the epoch out speaks of what this session showed them, and of nothing newer.
    const given = session.reader?.behind.get(channel)?.position;
    if (given !== undefined && claimed.offset > given) {
      return {
        code: 'invalid_field',
        message: `this session was given ${address} up to ${given}, not ${claimed.offset}`,
      };
    }
  }
  return { channel, claimed };
}
