// User ids as apps pass them: several, or one alone.

import { parseUserId, type UserId } from '@longwire/protocol';
import { LongwireError } from '../errors.js';

/**
 * Each of them once.
 * @throws LongwireError `invalid_field`: not an iterable, or one that is not a user id
 */
export function userIdsFrom(users: Iterable<string>): readonly UserId[] {
  if (typeof (users as Iterable<string> | undefined)?.[Symbol.iterator] !== 'function')
    throw new LongwireError('invalid_field', `Expected user ids, got ${users}`);
  const ids = typeof users === 'string' ? [users] : [...new Set(users)];
  const wrong = ids.find((user) => typeof user !== 'string' || parseUserId(user) === undefined);
  if (wrong !== undefined) throw new LongwireError('invalid_field', `"${wrong}" is not a user id`);
  return ids as UserId[];
}
