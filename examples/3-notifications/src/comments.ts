// The newest comments, in memory. The notifications that they cause are in the mailbox, on disk.

export interface Comment {
  readonly id: number;
  readonly author: string;
  readonly text: string;
  /** The comment that this one answers. */
  readonly replyTo: number | undefined;
}

const maxComments = 1_000;

export class Comments {
  #lastId = 0;
  #newest: Comment[] = [];

  /** Oldest first. */
  all(): readonly Comment[] {
    return this.#newest;
  }

  /** Returns the comment and, when it answers another one, that one. */
  add(author: string, text: string, replyTo?: number): { comment: Comment; answered: Comment | undefined } {
    const comment = { id: ++this.#lastId, author, text, replyTo };
    this.#newest = [...this.#newest, comment].slice(-maxComments);
    return { comment, answered: this.#newest.find(({ id }) => id === replyTo) };
  }
}
