// Whose client this is. Positions, acks and sends belong to the user for whom they were made, and go out for nobody else.

import { LongwireError } from '../errors.js';
import { tokenSubject } from './token-subject.js';

/** The first user that a token names or the server signs in owns the client. */
export class UserGuard {
  /** As the tokens name them: what the server makes of it is `#user`. */
  #subject: string | undefined;
  #user: string | undefined;

  /**
   * Before the token is shown to the server: the positions in `connect` would already move the other user's cursors.
   * @throws LongwireError `user_changed`. A token that names nobody readable passes: then the server tells
   */
  checkToken(token: string | undefined): void {
    const subject = token === undefined ? undefined : tokenSubject(token);
    if (subject === undefined) return;
    this.#subject ??= subject;
    if (subject !== this.#subject) throw userChanged(this.#subject, subject);
  }

  /** Who the server says is signed in. Throws as `checkToken` does. */
  checkUser(user: string): void {
    this.#user ??= user;
    if (user !== this.#user) throw userChanged(this.#user, user);
  }

  /** Nothing waits any more. Whoever was never signed in has left no trace: the next token may name another. */
  onStopped(): void {
    if (this.#user === undefined) this.#subject = undefined;
  }
}

function userChanged(owner: string, other: string): LongwireError {
  const message = `This client belongs to ${owner}, now ${other} would be signed in: make a new client for another user`;
  return new LongwireError('user_changed', message);
}
