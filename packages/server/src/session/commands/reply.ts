// How a command's outcome goes back: as an answer if it had an id, errors as a push otherwise.

import { type CommandId, type ErrorCode, encodeError } from '@longwire/protocol';
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
}

export function refuse(session: Session, asked: Asked, refusal: Refusal): void {
  const { code, message, afterMs } = refusal;
  session.queueText(encodeError({ code, message, afterMs, id: asked.id, type: asked.type }));
}

/** Queues the answer that `encode` makes, unless nobody asked for one. */
export function answer(session: Session, asked: Asked, encode: (re: CommandId) => string): void {
  if (asked.id !== undefined) session.queueText(encode(asked.id));
}
