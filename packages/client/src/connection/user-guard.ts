// Keeps a client to one user: positions, acks and sends of one user must not be sent for another.

import { LongwireError } from '../errors.js';
import { tokenSubject } from './token-subject.js';

/** The client belongs to the first user that a token names or the server signs in. */
export class UserGuard {
  /** The user as tokens name them. The server's name is `#user`. */
  #subject: string | undefined;
  #user: string | undefined;

  /**
   * Called before the token is sent, because the positions in `connect` would already move the other user's cursors.
   * @throws LongwireError `user_changed`. A token without a readable user passes: then `checkUser` decides
   */
  checkToken(token: string | undefined): void {
    const subject = token === undefined ? undefined : tokenSubject(token);
    if (subject === undefined) return;
    this.#subject ??= subject;
    if (subject !== this.#subject) throw userChanged(this.#subject, subject);
  }

  /** The user whom the server signed in. Throws as `checkToken` does. */
  checkUser(user: string): void {
    this.#user ??= user;
    if (user !== this.#user) throw userChanged(this.#user, user);
  }

  /** Nothing is pending any more. If no user was signed in, the next token may name another one. */
  onStopped(): void {
    if (this.#user === undefined) this.#subject = undefined;
  }
}

function userChanged(owner: string, other: string): LongwireError {
  const message = `This client belongs to ${owner}, and ${other} would be signed in: make a new client for another user`;
  return new LongwireError('user_changed', message);
}
