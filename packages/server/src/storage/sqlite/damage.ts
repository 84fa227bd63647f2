// Reading around damage: damage of one row is reported, and does not cost the rows beside it.

import { ServerError } from '../../errors.js';
import { SqlFailure } from './driver/sql-database.js';

/** Called for every place that could not be read and was skipped. */
export type DamageListener = (damage: ServerError) => void;

/** The file contradicts itself; asking again gives the same. */
export function isDamage(error: unknown): error is ServerError | SqlFailure {
  if (error instanceof ServerError) return error.code === 'corrupt';
  return error instanceof SqlFailure && error.kind === 'corrupt';
}

/**
 * What `read` returns; undefined after reporting where it met damage.
 * @param place  what was read, as the first words of a sentence
 * @throws anything else that `read` throws
 */
export function readAround<Value>(
  place: string,
  onDamage: DamageListener,
  read: () => Value | undefined,
): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    onDamage(damageAt(place, error));
    return undefined;
  }
}

/** The damage with the place in its message. */
export function damageAt(place: string, error: ServerError | SqlFailure): ServerError {
  if (error instanceof ServerError && error.message.startsWith(place)) return error;
  const offset = error instanceof ServerError ? error.offset : undefined;
  return new ServerError('corrupt', `${place} cannot be read: ${error.message}`, { cause: error, offset });
}
