// A channel as its rules say it is: a list of entries, and who was a member from where to where.

export type Role = 'owner' | 'admin' | 'member';

export interface NaiveEntry {
  readonly kind: string;
  readonly from: string;
  /** JSON text. */
  readonly body: string;
}

/** Offsets, both included. */
export interface Stay {
  readonly joined: number;
  readonly visibleFrom: number;
  /** Undefined: still a member. */
  left: number | undefined;
}

/** Where something is that the death of a server may have set back: anywhere between the two. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export class NaiveChannel {
  readonly entries: NaiveEntry[] = [];
  readonly #stays = new Map<string, Stay[]>();
  /** User → how far they have read. */
  readonly #reads = new Map<string, Range>();

  get head(): number {
    return this.entries.length;
  }

  join(user: string, visibleFrom: number): void {
    const stays = this.#stays.get(user) ?? [];
    this.#stays.set(user, stays);
    stays.push({ joined: this.head, visibleFrom, left: undefined });
  }

  /** A member from before the first entry on. */
  begin(user: string): void {
    this.#stays.set(user, [{ joined: 1, visibleFrom: 1, left: undefined }]);
  }

  leave(user: string): void {
    const stay = this.stayOf(user);
    if (stay !== undefined) stay.left = this.head;
  }

  /** The newest one. */
  stayOf(user: string): Stay | undefined {
    return this.#stays.get(user)?.at(-1);
  }

  isMember(user: string): boolean {
    const stay = this.stayOf(user);
    return stay !== undefined && stay.left === undefined;
  }

  /** Whether an entry is pushed to a user, in any stay of theirs. */
  isDue(user: string, offset: number): boolean {
    return this.#stays.get(user)?.some((stay) => offset >= stay.joined && offset <= (stay.left ?? this.head)) === true;
  }

  /** Offsets that a user may read. */
  visible(user: string): number[] {
    const stays = this.#stays.get(user) ?? [];
    return this.#offsets().filter((offset) =>
      stays.some((stay) => offset >= stay.visibleFrom && offset <= (stay.left ?? this.head)),
    );
  }

  /** Messages of others in the newest stay that come after what was read. */
  unread(user: string, read: number): number {
    const after = Math.max(read, (this.stayOf(user)?.joined ?? 1) - 1);
    return this.#offsets().filter((offset) => offset > after && this.#isForeignMessage(user, offset)).length;
  }

  readOf(user: string): Range {
    return this.#reads.get(user) ?? { min: 0, max: 0 };
  }

  /** One's own messages that follow may count as read, if the server still knows that they are. */
  read(user: string, offset: number): void {
    const { min, max } = this.readOf(user);
    this.#reads.set(user, { min: Math.max(min, offset), max: this.#overOwn(user, Math.max(max, offset)) });
  }

  /** Who writes has read what is before, if they have read everything below. */
  readByWriting(user: string, offset: number): void {
    const { min, max } = this.readOf(user);
    this.#reads.set(user, { min: min >= offset - 1 ? offset : min, max: this.#overOwn(user, max) });
  }

  /** The server has said how far it is. */
  observeRead(user: string, offset: number): void {
    this.#reads.set(user, { min: offset, max: this.#overOwn(user, offset) });
  }

  /** What was read may be forgotten, or part of it. */
  crash(): void {
    for (const [user, { max }] of this.#reads) this.#reads.set(user, { min: 0, max });
  }

  #offsets(): number[] {
    return this.entries.map((_, index) => index + 1);
  }

  #isForeignMessage(user: string, offset: number): boolean {
    const { kind, from } = this.entries[offset - 1]!;
    return kind === 'message' && from !== user;
  }

  #overOwn(user: string, from: number): number {
    let offset = from;
    for (let next = this.entries[offset]; next?.kind === 'message' && next.from === user; ) {
      offset += 1;
      next = this.entries[offset];
    }
    return offset;
  }
}
