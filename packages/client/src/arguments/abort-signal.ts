// The part of AbortSignal that the SDK needs.

import { LongwireError } from '../errors.js';

/** Structural, so that the signals of browsers and of Node both fit without the types of either. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The type of the platform's `AbortSignal` where the app is compiled, so that `fetch` accepts it. */
export type PlatformAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike;

export interface WaitOptions {
  readonly signal?: AbortSignalLike | undefined;
}

/** @throws LongwireError `invalid_field`, before anything is done that the signal should limit */
export function assertSignal(signal: AbortSignalLike | undefined): void {
  if (signal === undefined) return;
  if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return;
  throw new LongwireError('invalid_field', 'signal must be an AbortSignal');
}

/**
 * Calls `run` when the signal aborts, at once if it has aborted. Returns a function that stops listening: a signal that
 * outlives many commands must not keep a listener of each.
 */
export function onAbort(signal: AbortSignalLike | undefined, run: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  signal.addEventListener('abort', run);
  return () => signal.removeEventListener('abort', run);
}
