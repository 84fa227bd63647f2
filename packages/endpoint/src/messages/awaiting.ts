// Tells what has to be awaited from what is there already.

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/**
 * What a function of the program said that is asked where nobody can wait. A promise, which would count as a yes here
 * and as a no there, is a fault, and what becomes of it is nobody's error.
 * @throws TypeError
 */
export function answeredAtOnce<Answer>(asked: string, answer: Answer): Answer {
  if (!isThenable(answer)) return answer;
  Promise.resolve(answer).catch(() => {});
  throw new TypeError(`${asked} has to answer at once, not with a promise`);
}
