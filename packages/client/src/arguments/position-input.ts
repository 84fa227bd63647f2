// Positions as apps pass them: the epoch is plain text, and there may be other fields.

import { isOffset, type Position, parseEpoch } from '@longwire/protocol';
import { LongwireError } from '../errors.js';

/** A position in the log of a channel. A message is one. */
export interface PositionInput {
  readonly epoch: string;
  readonly offset: number;
}

/**
 * The two fields for the wire.
 * @throws LongwireError `invalid_field`: not a position. The server would refuse the whole command for one of many
 */
export function positionFrom(input: PositionInput, what = 'A position'): Position {
  const { epoch, offset }: { epoch?: unknown; offset?: unknown } = input ?? {};
  const parsed = typeof epoch === 'string' ? parseEpoch(epoch) : undefined;
  if (parsed !== undefined && isOffset(offset)) return { epoch: parsed, offset };
  throw new LongwireError('invalid_field', `${what} must have the epoch and the offset of a message`);
}
