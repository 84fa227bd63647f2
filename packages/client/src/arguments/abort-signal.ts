// Waiting that the app may give up: the part of AbortSignal that the SDK needs.

import { invalidField } from '../errors.js';

/** Structural, so that the signals of browsers and of Node both fit and neither's types are needed. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What the platform's own `AbortSignal` is to the compiler of the app, so that `fetch` takes it; the part above where there is none. */
export type PlatformAbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike;

/** @throws LongwireError `invalid_field`: before anything is done that the signal was to bound */
export function checkSignal(signal: AbortSignalLike | undefined): void {
  if (signal === undefined) return;
  if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return;
  throw invalidField('signal must be an AbortSignal');
}

/**
 * Calls `run` when the signal fires, at once if it has. Returns the way to stop listening: a signal that outlives
 * many commands must not collect a listener from each.
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
