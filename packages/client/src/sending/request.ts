// One command of the app as a promise: settled by its answer, by the end of the client, or by an AbortSignal.

import type { Answer } from '@longwire/protocol';
import { type AbortSignalLike, checkSignal, onAbort } from '../arguments/abort-signal.js';
import { LongwireError } from '../errors.js';
import type { CommandQueue, PendingCommand } from './command-queue.js';

export interface RequestParts<Result> {
  readonly size: number;
  readonly key?: string | undefined;
  readonly signal: AbortSignalLike | undefined;
  encode(id: number, attempt: number): string;
  onAnswer?: ((answer: Answer) => void) | undefined;
  /** The result in an answer; undefined if this command has no answers of that type. */
  resultOf(answer: Answer): Result | undefined;
}

export interface Request<Result> {
  readonly promise: Promise<Result>;
  /** Undefined if the queue had no room: then the promise rejects. */
  readonly command: PendingCommand | undefined;
  /** Resolves with a result that came by another way than an answer. */
  settle(result: Result): void;
}

/**
 * Puts a command on the queue. The promise rejects with a LongwireError: what the server refused it with, `outbox_full`,
 * `too_large`, `aborted`, `closed`, `stopped`, `user_changed`.
 */
export function request<Result>(queue: CommandQueue, parts: RequestParts<Result>): Request<Result> {
  let settle: (result: Result) => void = () => undefined;
  let command: PendingCommand | undefined;
  const promise = new Promise<Result>((resolve, reject) => {
    let stopListening: () => void = () => undefined;
    const pending: PendingCommand = {
      size: parts.size,
      key: parts.key,
      encode: parts.encode,
      onAnswer: parts.onAnswer,
      resolve: (answer) => {
        stopListening();
        const result = parts.resultOf(answer);
        if (result !== undefined) resolve(result);
        else reject(new LongwireError('malformed_message', `${answer.type} is no answer to this`, { key: parts.key }));
      },
      reject: (error) => {
        stopListening();
        reject(error);
      },
    };
    settle = (result) => {
      stopListening();
      queue.forget(pending);
      resolve(result);
    };
    checkSignal(parts.signal);
    if (parts.signal?.aborted === true) {
      reject(abortError(parts, false));
      return;
    }
    try {
      queue.add(pending);
    } catch (error) {
      reject(error);
      return;
    }
    command = pending;
    stopListening = onAbort(parts.signal, () => {
      const wasAttempted = queue.wasAttempted(pending);
      queue.forget(pending);
      stopListening();
      reject(abortError(parts, wasAttempted));
    });
  });
  return { promise, command, settle };
}

function abortError<Result>({ key, signal }: RequestParts<Result>, wasAttempted: boolean): LongwireError {
  const message = wasAttempted
    ? 'Given up by its signal after it was sent: it was perhaps carried out'
    : 'Given up by its signal before it was sent';
  return new LongwireError('aborted', message, { key, retryable: wasAttempted, cause: signal?.reason });
}
