// Users whom an operator has blocked: their sessions end, and they cannot sign in until a time, also after a restart.

import { readFile } from 'node:fs/promises';
import { CloseCode, parseUserId, type UserId } from '@longwire/protocol';
import { ServerError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { replaceFile } from '../runtime/durable-file.js';
import type { ActiveUsers } from './active-users.js';
import type { CommandError } from './commands/reply.js';

/** In the data folder. */
export const USER_BLOCKS_FILE = 'blocked-users.json';

export interface UserBlock {
  readonly user: UserId;
  /** When it was set, in Unix milliseconds. */
  readonly since: number;
  /** When it ends by itself, in Unix milliseconds; undefined: only when an operator ends it. */
  readonly until: number | undefined;
}

export interface UserBlocksOptions {
  readonly clock: Clock;
  readonly users: ActiveUsers;
  /** Undefined: blocks last as long as the process. */
  readonly file: string | undefined;
}

export class UserBlocks {
  readonly #clock: Clock;
  readonly #users: ActiveUsers;
  readonly #file: string | undefined;
  readonly #blocks: Map<UserId, UserBlock>;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor({ clock, users, file }: UserBlocksOptions, blocks: readonly UserBlock[]) {
    this.#clock = clock;
    this.#users = users;
    this.#file = file;
    this.#blocks = new Map(blocks.map((block) => [block.user, block]));
  }

  /** @throws ServerError `corrupt` if the file is damaged: without it, blocked users could sign in */
  static async open(options: UserBlocksOptions): Promise<UserBlocks> {
    return new UserBlocks(options, options.file === undefined ? [] : await readBlocks(options.file));
  }

  /** Undefined if the user may sign in. */
  blockOf(user: UserId): UserBlock | undefined {
    const block = this.#blocks.get(user);
    if (block?.until === undefined || block.until > this.#clock.now()) return block;
    this.#blocks.delete(user);
    return undefined;
  }

  /** In the order in which they were set. */
  list(): readonly UserBlock[] {
    return [...this.#blocks.keys()].flatMap((user) => this.blockOf(user) ?? []);
  }

  /**
   * Blocks a user from now on, or changes until when, and ends the sessions of the user. Takes effect at once; the promise
   * resolves when it also holds after a restart, and rejects if it cannot be stored.
   */
  async block(user: UserId, until: number | undefined): Promise<{ block: UserBlock; endedSessions: number }> {
    const block = { user, since: this.blockOf(user)?.since ?? this.#clock.now(), until };
    this.#blocks.set(user, block);
    const sessions = this.#users.sessionsOf(user);
    const endedSessions = sessions.filter(({ hasEnded }) => !hasEnded).length;
    for (const session of sessions) session.revoke(CloseCode.revoked, refusalOf(block).message, this.#clock);
    await this.#store();
    return { block, endedSessions };
  }

  /** Resolves, as `block` does, with whether the user was blocked. */
  async unblock(user: UserId): Promise<boolean> {
    const wasBlocked = this.blockOf(user) !== undefined;
    this.#blocks.delete(user);
    await this.#store();
    return wasBlocked;
  }

  /** Writes what is blocked when its turn comes. */
  #store(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return Promise.resolve();
    const written = this.#lastWrite.then(() => replaceFile(file, encodeBlocks(this.list())));
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }
}

/** What a client of the user is answered. */
export function refusalOf({ until }: UserBlock): CommandError {
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
  return { code: 'forbidden', message: `an operator of this server has blocked this user${end}` };
}

async function readBlocks(file: string): Promise<readonly UserBlock[]> {
  try {
    return decodeBlocks(await readFile(file, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = 'Repair it, or remove it to unblock all users';
    throw new ServerError('corrupt', `${file} cannot be used (${reason}). ${advice}`, { cause });
  }
}

function encodeBlocks(blocks: readonly UserBlock[]): string {
  return `${JSON.stringify({ blockedUsers: blocks }, undefined, 2)}\n`;
}

function decodeBlocks(text: string): UserBlock[] {
  const { blockedUsers } = JSON.parse(text) as { readonly blockedUsers?: unknown };
  if (!Array.isArray(blockedUsers)) throw new Error('it has no list "blockedUsers"');
  return blockedUsers.map((value: unknown) => {
    const { user, since, until } = value as Partial<Record<keyof UserBlock, unknown>>;
    const id = typeof user === 'string' ? parseUserId(user) : undefined;
    if (id === undefined || !isTime(since) || (until !== undefined && !isTime(until))) {
      throw new Error(`an item is not a block: ${JSON.stringify(value)}`);
    }
    return { user: id, since, until };
  });
}

/** Unix milliseconds that a date can have. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Number.isNaN(new Date(value as number).getTime());
}
