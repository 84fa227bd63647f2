// The rule of `send`: who may write where, and the outcome of an append for its sender.

import { type ErrorCode, findHiddenCharacter, type Position, type UserId } from '@longwire/protocol';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import { type Channel, namedReaders } from '../channel/channel.js';
import type { EntryContent } from '../channel/entry.js';
import { ServerError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import type { Guard } from '../storage/message-log.js';
import type { QuotaName, QuotaRefusal } from '../storage/quotas.js';
import type { AppendQueue, SettledAppend } from './append-queue.js';
import type { CursorCache } from './cursor-cache.js';
import type { KeySearches } from './key-searches.js';

/** What a user sends. */
export type OutgoingContent = EntryContent & { readonly from: UserId };

export interface OutgoingMessage {
  readonly channel: Channel;
  readonly content: OutgoingContent;
  /** The position the client had in this channel before its first attempt; present on repeats only. */
  readonly since: Position | undefined;
}

export interface SendContext {
  /** The session that sends, if any: the origin of the entry. */
  readonly session: (EntryOrigin & { readonly hasEnded: boolean }) | undefined;
  /** The origin gets the entry itself too. */
  readonly echo: boolean;
}

export type SendOutcome =
  | { readonly ok: true; readonly position: Position; readonly at: number; readonly isRepeated: boolean }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly afterMs: number | undefined;
      /** Undefined: as the catalogue has it. */
      readonly retryable?: boolean | undefined;
    };

/** After this time a sender that met a full queue may come back. */
const RETRY_AFTER_MS = 1_000;
const PERHAPS_STORED = 'the message is perhaps stored; repeat it with the same key';

/** Nothing was ever changed: so it is in nearly all direct channels. */
const UNCHANGED_RIGHTS: Guard = Object.freeze({ rightsVersion: 0, isRefused: false });
const REFUSED: Guard = Object.freeze({ rightsVersion: 0, isRefused: true });

export interface MessageSenderParts {
  readonly queue: AppendQueue;
  readonly searches: KeySearches;
  readonly cursors: CursorCache;
  readonly clock: Clock;
  /** Whether the disk has room for new messages; repeats of stored ones are answered in any case. */
  readonly hasRoom: () => boolean;
  readonly refusals: RefusalCounter;
  /** Called when the log could not be searched for a key. */
  readonly onFailure: (error: unknown) => void;
}

export class MessageSender {
  readonly #parts: MessageSenderParts;

  constructor(parts: MessageSenderParts) {
    this.#parts = parts;
  }

  /**
   * Stores a message. Rights and room are decided here, in the step in which the command takes
   * its place in the queue.
   * @param settle called exactly once: when the entry survives a power cut and was fanned out, or when it was refused.
   *   What it queues for the origin stands in the place of the entry.
   */
  send(message: OutgoingMessage, context: SendContext, settle: (outcome: SendOutcome) => void): void {
    const { channel, content, since } = message;
    const { searches, queue, onFailure } = this.#parts;
    const { from, key } = content;
    const needsSearch = key !== undefined && since !== undefined;
    if (!needsSearch && !searches.isAtWork(channel, from)) {
      this.#append(message, context, settle);
      return;
    }
    if (!queue.reserve(content)) {
      this.#refuseQueued(settle);
      return;
    }
    searches.add({
      channel,
      from,
      key,
      since,
      isAbandoned: () => context.session?.hasEnded === true,
      onSearched: (searchedSince) => {
        queue.release(content);
        this.#append({ ...message, since: searchedSince }, context, settle);
      },
      onFailed: (error) => {
        queue.release(content);
        if (error !== undefined) onFailure(error);
        settle(sendOutcome({ outcome: 'failed', error: asServerError(error) }, channel));
      },
    });
  }

  #append(
    { channel, content, since }: OutgoingMessage,
    context: SendContext,
    settle: (outcome: SendOutcome) => void,
  ): void {
    const { queue, cursors, clock, hasRoom, refusals } = this.#parts;
    const isTaken = queue.add({
      request: {
        channel,
        content,
        at: clock.now(),
        since,
        guard: hasRoom() ? UNCHANGED_RIGHTS : REFUSED,
        change: undefined,
        mustExist: hiddenIn(channel),
      },
      origin: context.session,
      echo: context.echo,
      onSettled: (settled) => {
        if (settled.outcome === 'stored') cursors.readOwn(content.from, channel, settled.offset);
        if (settled.outcome === 'failed' && settled.error.code === 'storage_full') refusals.count('storageFull');
        if (settled.outcome === 'refused') refusals.count('limits.minFreeBytes');
        if (settled.outcome === 'unknown-user') refusals.count('hiddenCharacter');
        if (settled.outcome === 'quota') refusals.count(`limits.${settled.quota}`);
        settle(sendOutcome(settled, channel));
      },
    });
    if (!isTaken) this.#refuseQueued(settle);
  }

  #refuseQueued(settle: (outcome: SendOutcome) => void): void {
    this.#parts.refusals.count('limits.pendingAppendBytes');
    settle(notNow('too many messages wait for the disk; repeat this one with the same key'));
  }
}

function asServerError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  return new ServerError('fatal', 'the log could not be searched', { cause: error });
}

function sendOutcome(settled: SettledAppend, channel: Channel): SendOutcome {
  switch (settled.outcome) {
    case 'stored':
    case 'repeated': {
      const { epoch, offset, at } = settled;
      return { ok: true, position: { epoch, offset }, at, isRepeated: settled.outcome === 'repeated' };
    }
    case 'controlled':
      throw new TypeError('expected the outcome of a message, got that of a row without an entry');
    case 'refused':
      // For want of room: every user may write to every channel of this version.
      return storageFull('the disk of the server has too little room');
    case 'stale':
      return notNow('the rights in the channel have changed; repeat the message with the same key');
    case 'unknown-user':
      return { ok: false, code: 'invalid_field', message: hiddenMessage(channel), afterMs: undefined };
    case 'unsearched':
      return notNow('the log has to be searched for the key again; repeat the message with the same key');
    case 'quota':
      return quotaExceeded(settled);
    case 'failed':
      if (settled.error.code === 'storage_full') return storageFull('the store of the server is full');
      if (settled.error.code === 'corrupt') {
        const message = 'the store is damaged where this channel stands: nothing was stored, and repeating cannot help';
        return { ok: false, code: 'unavailable', message, afterMs: undefined, retryable: false };
      }
      return notNow(PERHAPS_STORED);
    case 'unknown':
      return notNow(PERHAPS_STORED);
  }
}

/** Of ids with hidden characters, only those that are stored already are used. */
function hiddenIn(channel: Channel): readonly UserId[] {
  const readers = namedReaders(channel);
  return readers.some(isHidden) ? readers.filter(isHidden) : NO_ONE;
}

function isHidden(id: UserId): boolean {
  return findHiddenCharacter(id) !== undefined;
}

const NO_ONE: readonly UserId[] = [];

function hiddenMessage(channel: Channel): string {
  const found = hiddenIn(channel).map(findHiddenCharacter)[0];
  return `to: expected the id of a user who is known, or one without hidden characters, got one with ${found}`;
}

function notNow(message: string): SendOutcome {
  return { ok: false, code: 'unavailable', message, afterMs: RETRY_AFTER_MS };
}

function storageFull(reason: string): SendOutcome {
  const message = `${reason}: nothing was stored; repeat it later with the same key`;
  return { ok: false, code: 'storage_full', message, afterMs: undefined };
}

const quotaMessages: Readonly<Record<QuotaName, string>> = {
  newPeersPerHour: 'you have written to too many new people within an hour who have not answered',
  newPeersPerDay: 'you have written to too many new people within a day who have not answered',
  channelsPerUser: 'you have begun as many conversations as allowed',
  storedBytesPerUser: 'you have stored as many messages as allowed',
  undeliveredBytesPerPeer: 'too much of what you sent to this user is not delivered yet',
  undeliveredBytesToUnseen: 'too much of what you sent waits for this user, who has never signed in',
};

/** Not retryable: a client that repeats it by itself would hold back what is sent after it. */
function quotaExceeded({ quota, afterMs }: QuotaRefusal): SendOutcome {
  return { ok: false, code: 'quota_exceeded', message: `${quotaMessages[quota]}: nothing was stored`, afterMs };
}
