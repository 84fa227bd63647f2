// Answers of up to a page: made one at a time, when the session's outbox has room for them.

import type { ClientSession } from '../client-session.js';
import { type CommandRef, replyError, unavailableError } from './reply.js';

/** Called with why a page could not be made; the client learns only that it could not. */
export type PageFailure = (error: unknown) => void;

/** Runs `make`, which queues the answer, once there is room for a page. */
export function replyWithPage(
  session: ClientSession,
  command: CommandRef,
  onFailure: PageFailure,
  make: () => Promise<void>,
): void {
  session.startCommand();
  session.whenRoomForPage(async () => {
    try {
      await make();
    } catch (error) {
      onFailure(error);
      replyError(session, command, unavailableError(error, 'the page'));
    }
    session.finishCommand();
  });
}
