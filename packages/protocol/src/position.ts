// A place in a log. An offset never travels without its epoch; offsets compare only within one.

import type { Branded } from './brand.js';
import { fieldLimits } from './limits.js';

/** Id of one life of a log: 1-64 visible ASCII characters, given by the server. */
export type Epoch = Branded<string, 'Epoch'>;

/** `offset` 0 is the place before the first entry. */
export interface Position {
  readonly epoch: Epoch;
  /** 0…2^53−1. */
  readonly offset: number;
}

const visibleAscii = /^[!-~]+$/;

/** The epoch that `text` spells, or undefined if no server can have given it. */
export function parseEpoch(text: string): Epoch | undefined {
  return text.length <= fieldLimits.epochBytes && visibleAscii.test(text) ? (text as Epoch) : undefined;
}

/** Whether `value` may be an offset: an integer 0…2^53−1. */
export function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
