// The rule of `block`, `unblock` and `blocks`: a row in the log of the direct channel, so that the order of the log decides between a
// block and a message.

import type { ErrorCode, UserId } from '@longwire/protocol';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import { type DirectChannel, directChannel } from '../channel/channel.js';
import { NO_RIGHTS_CHANGE } from '../channel/membership.js';
import { isCorrupt } from '../errors.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import type { BlockedPage, MessageLog } from '../storage/message-log.js';
import type { AppendQueue, SettledAppend } from './append-queue.js';
import { hiddenIn } from './send-outcome.js';
import type { StoreTurns } from './store-turns.js';

/** What a user asks for. */
export interface BlockRequest {
  readonly by: UserId;
  readonly user: UserId;
  readonly isBlocked: boolean;
  /** The session that asks. */
  readonly session: EntryOrigin | undefined;
}

export type BlockOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly afterMs?: number | undefined;
      /** Undefined: as the catalogue has it. */
      readonly retryable?: boolean | undefined;
    };

export interface BlocksParts {
  readonly log: Pick<MessageLog, 'countBlocks' | 'blockedUsers'>;
  readonly turns: StoreTurns;
  readonly queue: Pick<AppendQueue, 'add'>;
  readonly members: Pick<MemberCache, 'prepare'>;
  readonly clock: Clock;
  readonly refusals: RefusalCounter;
  /** Called when the rights in a channel, or how many users one blocks, could not be read. */
  readonly onFailure: (error: unknown) => void;
}

/** How often a change is tried: each time the rights have changed meanwhile. */
const MAX_TRIES = 8;
const RETRY_AFTER_MS = 1_000;
const DONE: BlockOutcome = Object.freeze({ ok: true });

export class Blocks {
  readonly #parts: BlocksParts;
  readonly #maxPerUser: number;
  /** The newest request of each user that is not settled. */
  readonly #last = new Map<UserId, Promise<unknown>>();

  /** @param maxPerUser  `limits.blocksPerUser` */
  constructor(parts: BlocksParts, maxPerUser: number) {
    this.#parts = parts;
    this.#maxPerUser = maxPerUser;
  }

  /**
   * Blocks or unblocks a user: one request of a user after the other, so that they end as the last one says. Resolves when
   * that is stored and everything before it was fanned out. What is so already is left as it is. Never rejects.
   */
  set(request: BlockRequest): Promise<BlockOutcome> {
    const { by } = request;
    const before = this.#last.get(by) ?? Promise.resolve();
    const outcome = before.then(() => this.#set(request));
    this.#last.set(by, outcome);
    void outcome.then(() => {
      if (this.#last.get(by) === outcome) this.#last.delete(by);
    });
    return outcome;
  }

  /**
   * A page of the users whom a user blocks; undefined if the user has no channel with `after`.
   * @throws (rejects) what the store rejects with
   */
  page(by: UserId, after: UserId | undefined, limit: number): Promise<BlockedPage | undefined> {
    const { log, turns } = this.#parts;
    const channel = after === undefined ? undefined : directChannel(by, after);
    return turns.run(by, () => log.blockedUsers(by, channel, limit));
  }

  async #set(request: BlockRequest): Promise<BlockOutcome> {
    const { by, user, isBlocked } = request;
    if (by === user) return { ok: false, code: 'invalid_field', message: 'user: expected another user, got this one' };
    const channel = directChannel(by, user);
    const { members, onFailure } = this.#parts;
    try {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const rights = await members.prepare(channel);
        if (isBlocked === (by === channel.low ? rights.blocks.low : rights.blocks.high)) return DONE;
        if (isBlocked && (await this.#isAtLimit(by))) return this.#refuseLimit();
        const settled = await this.#append(channel, request, rights.version);
        if (settled?.outcome !== 'stale') return outcomeOf(settled);
      }
    } catch (error) {
      onFailure(error);
      return unavailable({ isDamaged: isCorrupt(error) });
    }
    return unavailable();
  }

  async #isAtLimit(by: UserId): Promise<boolean> {
    const { log, turns } = this.#parts;
    return (await turns.run(by, () => log.countBlocks(by))) >= this.#maxPerUser;
  }

  #refuseLimit(): BlockOutcome {
    this.#parts.refusals.count('limits.blocksPerUser');
    const message = `this user blocks ${this.#maxPerUser} users, as many as allowed; unblock others first`;
    return { ok: false, code: 'quota_exceeded', message };
  }

  /** Undefined: too much waits for the disk. */
  #append(
    channel: DirectChannel,
    { by, isBlocked, session }: BlockRequest,
    rightsVersion: number,
  ): Promise<SettledAppend | undefined> {
    const { queue, clock } = this.#parts;
    return new Promise((resolve) => {
      const isTaken = queue.add({
        request: {
          channel,
          content: undefined,
          at: clock.now(),
          since: undefined,
          guard: { rightsVersion, isRefused: false },
          change: { ...NO_RIGHTS_CHANGE, blocks: [{ by, isBlocked }] },
          mustExist: hiddenIn(channel),
        },
        origin: session,
        echo: false,
        onSettled: resolve,
      });
      if (!isTaken) resolve(undefined);
    });
  }
}

function outcomeOf(settled: SettledAppend | undefined): BlockOutcome {
  switch (settled?.outcome) {
    case 'controlled':
      return DONE;
    case 'unknown-user':
      return {
        ok: false,
        code: 'invalid_field',
        message: 'user: expected the id of a user who is known, or one without hidden characters',
      };
    case 'failed':
      if (settled.error.code === 'storage_full') {
        return { ok: false, code: 'storage_full', message: 'the store of the server is full: nothing was changed' };
      }
      return unavailable({ isDamaged: settled.error.code === 'corrupt' });
    default:
      return unavailable();
  }
}

/** Repeating it is safe: what is so already is left as it is. */
function unavailable({ isDamaged = false } = {}): BlockOutcome {
  if (!isDamaged) {
    const message = 'it could not be stored now, or perhaps it was; repeat it';
    return { ok: false, code: 'unavailable', message, afterMs: RETRY_AFTER_MS };
  }
  const message = 'the store is damaged where this channel stands: repeating cannot help';
  return { ok: false, code: 'unavailable', message, retryable: false };
}
