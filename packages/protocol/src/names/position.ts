// A position in a log. An offset is never sent without its epoch: offsets of different epochs do not compare.

import { fieldLimits } from '../catalogue/limits.js';
import type { Branded } from './brand.js';

/** The id of one life of a log, made by the server: 1-64 visible ASCII characters. */
export type Epoch = Branded<string, 'Epoch'>;

/** Offset 0 is the position before the first entry. */
export interface Position {
  readonly epoch: Epoch;
  /** 0…2^53−1. */
  readonly offset: number;
}

const visibleAscii = /^[!-~]+$/;

/** `text` as an epoch, or undefined if no server can have made it. */
export function parseEpoch(text: string): Epoch | undefined {
  return text.length <= fieldLimits.epochBytes && visibleAscii.test(text) ? (text as Epoch) : undefined;
}

/** Whether `value` is an offset: an integer 0…2^53−1. */
export function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
