// Calls of user code: whatever it throws, now or later, is reported and never escapes.

/** Watches what a handler returned: it may have been an async function, whose rejection must not end the process. */
export function watchReturned(returned: unknown, onRejected: (cause: unknown) => void): void {
  if (returned !== undefined && isPromiseLike(returned)) returned.then(undefined, onRejected);
}

/** For faults of the last handler in the chain: there is nobody left to tell but the process. */
export function warnOfFault(cause: unknown): void {
  process.emitWarning(cause instanceof Error ? cause : new Error(`a WebSocket handler threw ${String(cause)}`));
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
