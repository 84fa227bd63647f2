// What handlers, hooks and codecs of the program return may be a promise: how to see it, and how to wait for it.

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/**
 * Returns the answer of a function that must not answer with a promise, because the caller cannot wait. A promise would
 * count as true in one place and as false in another, so it is an error; its own rejection is ignored.
 * @param asked  names the function in the message
 * @throws TypeError
 */
export function answeredAtOnce<Answer>(asked: string, answer: Answer): Answer {
  if (!isThenable(answer)) return answer;
  Promise.resolve(answer).catch(() => {});
  throw new TypeError(`${asked} has to answer at once, not with a promise`);
}

/** Marks a rejection as handled: Node ends the process for an unhandled one. */
export function ignorable<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => {});
  return work;
}

/** Resolves with true once `work` has settled, with false when that takes longer than `withinMs`. Never rejects. */
export async function settledWithin(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, deadline]).finally(() => clearTimeout(timer));
}
