// Positions as apps give them back: plain text for the epoch, and often with more fields around.

import { isOffset, type Position, parseEpoch } from '@longwire/protocol';
import { invalidField } from '../errors.js';

/** A place in a channel's log. A message fits as it is. */
export interface PositionInput {
  readonly epoch: string;
  readonly offset: number;
}

/**
 * The two fields and nothing else: what goes onto the wire.
 * @throws LongwireError `invalid_field`: no position. The server would refuse the whole command for one of many
 */
export function positionFrom(input: PositionInput, what = 'A position'): Position {
  const { epoch, offset }: { epoch?: unknown; offset?: unknown } = input ?? {};
  const parsed = typeof epoch === 'string' ? parseEpoch(epoch) : undefined;
  if (parsed !== undefined && isOffset(offset)) return { epoch: parsed, offset };
  throw invalidField(`${what} must have the epoch and the offset of a message`);
}
