// Positions as apps give them back: plain text for the epoch, and often with more fields around.

import type { Epoch, Position } from '@longwire/protocol';

/** A place in a channel's log. A message fits as it is. */
export interface PositionInput {
  readonly epoch: string;
  readonly offset: number;
}

/** The two fields and nothing else: what goes onto the wire. */
export function positionFrom({ epoch, offset }: PositionInput): Position {
  return { epoch: epoch as Epoch, offset };
}
