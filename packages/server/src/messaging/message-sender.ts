// `send`: from a message to its place in the queue, judged by the rules of its channel.

import type { Position } from '@longwire/protocol';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { Channel } from '../channel/channel.js';
import type { EntryContent } from '../channel/entry.js';
import { ServerError } from '../errors.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import type { AppendRequest, Guard } from '../storage/message-log.js';
import type { AppendQueue, PendingAppend, SettledAppend } from './append-queue.js';
import type { CursorCache } from './cursor-cache.js';
import { type HeldSend, HeldSends } from './held-sends.js';
import type { KeySearches } from './key-searches.js';
import { judgeSend } from './rules/judge-send.js';
import type { RuleRefusal } from './rules/rule-refusal.js';
import { hiddenIn, notNow, quotaKinds, type SendOutcome, sendOutcome } from './send-outcome.js';

export interface OutgoingMessage {
  readonly channel: Channel;
  /** Its `from` is the user who sends, its `by` the application that does. */
  readonly content: EntryContent;
  /** The position the client had in this channel before its first attempt; present on repeats only. */
  readonly since: Position | undefined;
  /** Why the sender may not write, whatever the rights of the channel: only the repeat of something stored is answered. */
  readonly refusal: RuleRefusal | undefined;
}

export interface SendContext {
  /** The session that sends, if any: the origin of the entry. */
  readonly session: (EntryOrigin & { readonly hasEnded: boolean }) | undefined;
  /** The origin gets the entry itself too. */
  readonly echo: boolean;
}

export interface MessageSenderParts {
  readonly queue: AppendQueue;
  readonly searches: KeySearches;
  readonly members: MemberCache;
  readonly cursors: CursorCache;
  readonly clock: Clock;
  /** Whether the disk has room for new messages; repeats of stored ones are answered in any case. */
  readonly hasRoom: () => boolean;
  readonly refusals: RefusalCounter;
  /** Called when the log could not be searched for a key, or the rights in a channel could not be read. */
  readonly onFailure: (error: unknown) => void;
}

/** Nothing was ever changed: so it is in nearly all direct channels. */
const UNCHANGED_RIGHTS: Guard = Object.freeze({ rightsVersion: 0, isRefused: false });
const REFUSED: Guard = Object.freeze({ rightsVersion: 0, isRefused: true });
const ANY_RIGHTS: Guard = Object.freeze({ rightsVersion: 'any', isRefused: false });
/** How often a send is judged, by other rights each time. */
const MAX_JUDGEMENTS = 8;

export class MessageSender {
  readonly #parts: MessageSenderParts;
  readonly #held: HeldSends;

  constructor(parts: MessageSenderParts) {
    this.#parts = parts;
    this.#held = new HeldSends(parts.queue, parts.members);
  }

  /**
   * Stores a message. Rights and room are judged in the step in which it takes its place in the queue; if the rights change
   * before it is stored, it is judged again.
   * @param settle called exactly once: when the entry survives a power cut and was fanned out, or when it was refused.
   *   What it queues for the origin stands in the place of the entry.
   */
  send(message: OutgoingMessage, context: SendContext, settle: (outcome: SendOutcome) => void): void {
    const { channel, content, since } = message;
    const { searches, queue, onFailure } = this.#parts;
    const { from, by, key } = content;
    const needsSearch = key !== undefined && since !== undefined;
    if (!needsSearch && !searches.isAtWork(channel, content)) {
      this.#admit(new Send(this, message, context, settle));
      return;
    }
    if (!queue.reserve(content)) {
      this.#refuseQueued(settle);
      return;
    }
    searches.add({
      channel,
      from,
      by,
      key,
      since,
      isAbandoned: () => context.session?.hasEnded === true,
      onSearched: (searchedSince) => {
        queue.release(content);
        this.#admit(new Send(this, { ...message, since: searchedSince }, context, settle));
      },
      onFailed: (error) => {
        queue.release(content);
        if (error !== undefined) onFailure(error);
        settle(sendOutcome({ outcome: 'failed', error: asServerError(error) }, channel, undefined));
      },
    });
  }

  /** Synchronous, unless the members of a group are to be loaded, or the rights have just changed. */
  #admit(send: Send): void {
    const { members, queue } = this.#parts;
    const { channel, content } = send.message;
    const rights = members.peek(channel);
    const isLoadable = channel.kind === 'group' && rights === undefined;
    if (!isLoadable && !this.#held.isHeld(channel)) {
      this.#append(send, rights);
      return;
    }
    if (queue.reserve(content)) this.#held.add(channel, send);
    else this.#refuseQueued(send.settle);
  }

  /** The rights that the send waited for. */
  release(send: Send, rights: LoadedChannel): void {
    this.#parts.queue.release(send.message.content);
    this.#append(send, rights);
  }

  /** The rights that the send waited for cannot be read. */
  fail({ message, settle }: Send, error: unknown): void {
    this.#parts.queue.release(message.content);
    this.#parts.onFailure(error);
    settle(sendOutcome({ outcome: 'failed', error: asServerError(error) }, message.channel, undefined));
  }

  #append(send: Send, rights: LoadedChannel | undefined): void {
    const { queue, members, clock, hasRoom } = this.#parts;
    const { channel, content, since, refusal = judgeSend(channel, rights, content) } = send.message;
    send.judgements += 1;
    send.refusal = refusal;
    send.rights = rights;
    send.request = {
      channel,
      content,
      at: clock.now(),
      since,
      guard: guardOf(content, rights, refusal !== undefined || !hasRoom()),
      change: undefined,
      mustExist: hiddenIn(channel),
    };
    if (!queue.add(send)) this.#refuseQueued(send.settle);
    else if (rights !== undefined) members.pin(rights);
  }

  /** How a send ended that was in the queue. */
  onSettled(send: Send, settled: SettledAppend): void {
    const { queue, members, cursors } = this.#parts;
    const { channel, content } = send.message;
    if (send.rights !== undefined) members.unpin(send.rights);
    if (settled.outcome === 'stale' && send.judgements < MAX_JUDGEMENTS && queue.reserve(content)) {
      this.#held.addStale(channel, send);
      return;
    }
    if (settled.outcome === 'stored' && content.from !== undefined) {
      cursors.readOwn(content.from, channel, settled.offset);
    }
    this.#countRefusal(settled, send.refusal);
    send.settle(sendOutcome(settled, channel, send.refusal));
  }

  #countRefusal(settled: SettledAppend, refusal: RuleRefusal | undefined): void {
    const { refusals } = this.#parts;
    if (settled.outcome === 'failed' && settled.error.code === 'storage_full') refusals.count('storageFull');
    if (settled.outcome === 'refused') refusals.count(refusal?.counted ?? 'limits.minFreeBytes');
    if (settled.outcome === 'unknown-user') refusals.count('hiddenCharacter');
    if (settled.outcome === 'quota') refusals.count(quotaKinds[settled.quota]);
  }

  #refuseQueued(settle: (outcome: SendOutcome) => void): void {
    this.#parts.refusals.count('limits.pendingAppendBytes');
    settle(notNow('too many messages wait for the disk; repeat this one with the same key'));
  }
}

/** One send, from its command to its answer: all that is allocated for it here. */
class Send implements PendingAppend, HeldSend {
  readonly message: OutgoingMessage;
  readonly origin: EntryOrigin | undefined;
  readonly echo: boolean;
  readonly settle: (outcome: SendOutcome) => void;
  /** Why it is not allowed: a repeat of what is stored is answered all the same. */
  refusal: RuleRefusal | undefined;
  /** What it was judged by, pinned while it is in the queue. */
  rights: LoadedChannel | undefined;
  request!: AppendRequest;
  judgements = 0;
  readonly #sender: MessageSender;

  constructor(
    sender: MessageSender,
    message: OutgoingMessage,
    { session, echo }: SendContext,
    settle: (outcome: SendOutcome) => void,
  ) {
    this.#sender = sender;
    this.message = message;
    this.origin = session;
    this.echo = echo;
    this.settle = settle;
  }

  onSettled(settled: SettledAppend): void {
    this.#sender.onSettled(this, settled);
  }

  onReleased(rights: LoadedChannel): void {
    this.#sender.release(this, rights);
  }

  onFailed(error: unknown): void {
    this.#sender.fail(this, error);
  }
}

/** What applications write depends on no rights, except that the channel is not closed. */
function guardOf({ from }: EntryContent, rights: LoadedChannel | undefined, isRefused: boolean): Guard {
  if (from === undefined) return isRefused ? { rightsVersion: 'any', isRefused } : ANY_RIGHTS;
  if (rights === undefined) return isRefused ? REFUSED : UNCHANGED_RIGHTS;
  return { rightsVersion: rights.version, isRefused };
}

function asServerError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  return new ServerError('fatal', 'what a send depends on could not be read', { cause: error });
}
