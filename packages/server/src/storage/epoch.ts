// How engines name one life of one log on the wire.

import { randomBytes } from 'node:crypto';
import type { Epoch } from '@longwire/protocol';

const ERA_BYTES = 5;
const ERA_CHARACTERS = 8;

/** A fresh, random era: every channel of a store changes its epoch when the store gets a new one. 8 characters, base 36. */
export function mintEra(): string {
  return randomBytes(ERA_BYTES).readUIntBE(0, ERA_BYTES).toString(36).padStart(ERA_CHARACTERS, '0');
}

/** The epoch of a channel: the store's era and the number of the channel's life in it. */
export function epochOf(era: string, life: number): Epoch {
  return `${era}-${life.toString(36)}` as Epoch;
}
