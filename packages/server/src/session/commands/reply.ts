// How a command's outcome goes back: as an answer if it had an id, errors as a push otherwise.

import { type CommandId, type ErrorCode, encodeError } from '@longwire/protocol';
import { StorageError } from '../../storage/storage-error.js';
import type { Session } from '../session.js';

/** What an answer needs of its command. */
export interface Asked {
  readonly id?: CommandId | undefined;
  readonly type: string;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly afterMs?: number | undefined;
  /** Undefined: as the catalogue has it. */
  readonly retryable?: boolean | undefined;
}

export function refuse(session: Session, asked: Asked, refusal: Refusal): void {
  const { code, message, afterMs, retryable } = refusal;
  session.queueText(encodeError({ code, message, afterMs, retryable, id: asked.id, type: asked.type }));
}

/** Queues the answer that `encode` makes, unless nobody asked for one. */
export function answer(session: Session, asked: Asked, encode: (re: CommandId) => string): void {
  if (asked.id !== undefined) session.queueText(encode(asked.id));
}

/** Why something could not be read. Damage stays: asking again would give the same. */
export function unavailable(error: unknown, what: string): Refusal {
  const isDamaged = error instanceof StorageError && error.code === 'corrupt';
  const advice = isDamaged ? 'cannot be read: the store is damaged there' : 'could not be read now; ask again';
  return { code: 'unavailable', message: `${what} ${advice}`, retryable: isDamaged ? false : undefined };
}
