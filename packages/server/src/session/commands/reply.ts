// How a command's outcome goes back: as an answer if it had an id, errors as a push otherwise.

import { type CommandId, type ErrorCode, encodeError } from '@longwire/protocol';
import { isCorrupt } from '../../errors.js';
import type { ClientSession } from '../client-session.js';

/** What an answer needs of its command. */
export interface CommandRef {
  readonly id?: CommandId | undefined;
  /** Undefined if it could not be read. */
  readonly type: string | undefined;
}

export interface CommandError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly afterMs?: number | undefined;
  /** Undefined: as the catalogue has it. */
  readonly retryable?: boolean | undefined;
}

/** Queues the answer that `encode` makes, unless the command asked for none by having no id. */
export function reply(session: ClientSession, command: CommandRef, encode: (re: CommandId) => string): void {
  if (command.id !== undefined) session.queueText(encode(command.id));
}

export function replyError(session: ClientSession, command: CommandRef, error: CommandError): void {
  const { code, message, afterMs, retryable } = error;
  session.queueText(encodeError({ code, message, afterMs, retryable, id: command.id, type: command.type }));
}

/** The error for something that could not be read. Damage stays: asking again would give the same. */
export function unavailableError(cause: unknown, what: string): CommandError {
  const isDamaged = isCorrupt(cause);
  const advice = isDamaged ? 'cannot be read: the store is damaged there' : 'could not be read now; ask again';
  return { code: 'unavailable', message: `${what} ${advice}`, retryable: isDamaged ? false : undefined };
}
