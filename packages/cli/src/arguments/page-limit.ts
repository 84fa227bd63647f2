// The number of items on a page.

import { fieldLimits } from '@longwire/protocol';
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError  not a number of 1-200 */
export function parsePageLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= fieldLimits.pageItems) return limit;
  throw new InvalidArgumentError(`Expected a number from 1 to ${fieldLimits.pageItems}.`);
}
