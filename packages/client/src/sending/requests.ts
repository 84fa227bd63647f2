// Commands of the app as promises: settled by an answer, by the end of the client, or by an AbortSignal.

import type { Answer } from '@longwire/protocol';
import { type AbortSignalLike, assertSignal, onAbort } from '../arguments/abort-signal.js';
import { LongwireError } from '../errors.js';
import type { CommandQueue, PendingCommand } from './command-queue.js';
import { ReportedPromise, type ReportedPromisePort } from './reported-promise.js';

type AnswerType = Answer['type'];

export interface RequestParts<Type extends AnswerType, Result> {
  readonly size: number;
  readonly key?: string | undefined;
  readonly signal: AbortSignalLike | undefined;
  encode(id: number, attempt: number): string;
  /** See `PendingCommand`. */
  onAnswer?: ((answer: Answer) => void) | undefined;
  resultOf(answer: Extract<Answer, { type: Type }>): Result;
  /** Of a command that may have been carried out before: the result, if this refusal of a repetition means that it was. */
  resultOfRepetition?: ((refusal: LongwireError) => { readonly result: Result } | undefined) | undefined;
  /** Called once, when the promise is settled. */
  onSettled?: (() => void) | undefined;
}

export interface Request<Result> {
  readonly promise: Promise<Result>;
  readonly isPending: boolean;
  /** Resolves with a result from elsewhere, if the answer to the command was lost. Otherwise the answer will come. */
  settleIfInDoubt(result: Result): void;
}

export interface RequestsPort extends ReportedPromisePort {
  /** Why no command can be sent any more; undefined if it can. */
  ended(): LongwireError | undefined;
}

/** Puts commands on one queue. */
export class Requests {
  readonly #queue: CommandQueue;
  readonly #port: RequestsPort;

  constructor(queue: CommandQueue, port: RequestsPort) {
    this.#queue = queue;
    this.#port = port;
  }

  /**
   * Puts the command that `describe` returns on the queue. The promise rejects with a LongwireError: the error of the
   * server, what `describe` throws, `invalid_field`, `outbox_full`, `too_large`, `aborted`, `closed`, `stopped`,
   * `user_changed`.
   * @param answerType  of the answer that the command succeeds with
   */
  start<Type extends AnswerType, Result>(
    answerType: Type,
    describe: () => RequestParts<Type, Result>,
  ): Request<Result> {
    const queue = this.#queue;
    const request = { isPending: false, settleIfInDoubt: (_: Result): void => undefined };
    const promise = new ReportedPromise<Result>((resolve, reject) => {
      let stopListening: () => void = () => undefined;
      try {
        const ended = this.#port.ended();
        if (ended !== undefined) throw ended;
        const parts = describe();
        const { signal } = parts;
        assertSignal(signal);
        if (signal?.aborted === true) throw abortError(parts, false);
        const end = () => {
          stopListening();
          request.isPending = false;
          parts.onSettled?.();
        };
        const pending: PendingCommand = {
          ...parts,
          resolve: (answer) => {
            end();
            if (isOfType(answer, answerType)) resolve(parts.resultOf(answer));
            else reject(new LongwireError('malformed_message', `${answer.type} is not an answer to this`, parts));
          },
          reject: (error, wasInDoubt = false) => {
            end();
            const done = wasInDoubt ? parts.resultOfRepetition?.(error) : undefined;
            if (done === undefined) reject(error);
            else resolve(done.result);
          },
        };
        request.settleIfInDoubt = (result) => {
          if (!queue.isInDoubt(pending)) return;
          end();
          queue.forget(pending);
          resolve(result);
        };
        request.isPending = true;
        queue.add(pending);
        if (!request.isPending) return;
        stopListening = onAbort(signal, () => {
          const wasAttempted = queue.wasAttempted(pending);
          end();
          queue.forget(pending);
          reject(abortError(parts, wasAttempted));
        });
      } catch (error) {
        request.isPending = false;
        reject(error as LongwireError);
      }
    }, this.#port);
    return Object.assign(request, { promise });
  }
}

function isOfType<Type extends AnswerType>(answer: Answer, type: Type): answer is Extract<Answer, { type: Type }> {
  return answer.type === type;
}

function abortError(
  { key, signal }: Pick<RequestParts<AnswerType, unknown>, 'key' | 'signal'>,
  wasAttempted: boolean,
): LongwireError {
  const message = wasAttempted
    ? 'Aborted by its signal after it was sent: it may have been carried out'
    : 'Aborted by its signal before it was sent';
  return new LongwireError('aborted', message, { key, retryable: wasAttempted, cause: signal?.reason });
}
