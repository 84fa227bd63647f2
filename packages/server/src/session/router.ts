// Text messages of a session → commands → rules. Before sign-in only `connect` and `ping` are allowed.

import {
  type AcceptedCommand,
  barePing,
  barePong,
  CloseCode,
  type DecodeLimits,
  decodeCommand,
  encodeError,
  encodePong,
  type RefusedCommand,
  ScannedCommand,
} from '@longwire/protocol';
import type { Clock } from '../runtime/clock.js';
import type { ClientSession } from './client-session.js';
import { handleAck } from './commands/ack.js';
import { handleBlock, handleBlocks } from './commands/block.js';
import { handleChannels } from './commands/channels.js';
import { handleGroupInvitations, handleGroupMembers } from './commands/group-members.js';
import { handleGroupReceipts } from './commands/group-receipts.js';
import { handleGroupCommand } from './commands/groups.js';
import { handleHistory } from './commands/history.js';
import { handlePreference } from './commands/preferences.js';
import { handlePresence, handleUnwatch, handleWatch } from './commands/presence.js';
import { handleRead } from './commands/read.js';
import { type CommandRef, reply, replyError } from './commands/reply.js';
import { handleSend } from './commands/send.js';
import { handleSettings } from './commands/settings.js';
import { handleSignal } from './commands/signal.js';
import { handleUsers, handleUsersSearch, handleUserUpdate } from './commands/users.js';
import type { RefusalLog } from './limits/refusal-log.js';
import type { RatedKind, RateRefusal } from './limits/user-rates.js';
import type { Rules } from './rules.js';
import type { SignIn } from './sign-in.js';

/** Messages that are not commands, or not allowed before sign-in, until the session is closed with 4000. */
const MAX_MISTAKES = 16;
const MAX_MISTAKES_UNAUTHENTICATED = 3;

/** Which commands have a rate of their own. */
const ratedKinds: ReadonlyMap<string, RatedKind> = new Map([
  ['send', 'send'],
  ['history', 'page'],
  ['channels', 'page'],
  ['users', 'page'],
  ['users.search', 'search'],
  ['user.update', 'send'],
  ['presence', 'page'],
  ['watch', 'page'],
  ['ack', 'ack'],
  ['read', 'ack'],
  ['signal', 'signal'],
  ['settings', 'ack'],
  ['mute', 'ack'],
  ['archive', 'ack'],
  ['hide', 'ack'],
  ['block', 'block'],
  ['unblock', 'block'],
  ['blocks', 'page'],
  ['group.create', 'send'],
  ['group.update', 'send'],
  ['group.add', 'send'],
  ['group.invite', 'send'],
  ['group.accept', 'send'],
  ['group.decline', 'send'],
  ['group.join', 'send'],
  ['group.leave', 'send'],
  ['group.remove', 'send'],
  ['group.role', 'send'],
  ['group.delete', 'send'],
  ['group.members', 'page'],
  ['group.invitations', 'page'],
  ['group.receipts', 'page'],
]);
/** A client learns after a round trip that a send was put off; until then those behind it are put off as well. */
const MIN_SEND_PAUSE_MS = 1_000;
/** How long a session is not read that goes on although its commands are refused. */
const FLOOD_PAUSE_MS = 250;

export interface RouterLimits extends DecodeLimits {
  /** Messages before sign-in, pings among them: there is no user yet whose rates could bound them. */
  readonly earlyMessages: number;
}

export interface RouterParts {
  readonly rules: Rules;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly refusals: RefusalLog;
}

export class Router {
  readonly #rules: Rules;
  readonly #signIn: SignIn;
  readonly #clock: Clock;
  readonly #limits: RouterLimits;
  readonly #refusals: RefusalLog;

  constructor({ rules, signIn, clock, refusals }: RouterParts, limits: RouterLimits) {
    this.#rules = rules;
    this.#signIn = signIn;
    this.#clock = clock;
    this.#refusals = refusals;
    this.#limits = limits;
  }

  /** Handles one text message. Never throws, whatever a client sends. */
  handle(session: ClientSession, text: string): void {
    if (session.hasEnded) return;
    if (session.phase === 'ready') this.#handleCommand(session, text);
    else this.#handleEarly(session, text);
    session.updateReading();
  }

  #handleCommand(session: ClientSession, text: string): void {
    if (text === barePing) {
      const early = this.#rateRefusalOf(session, undefined, text);
      if (early === undefined) session.queueText(barePong);
      else this.#refuseRate(session, { type: 'ping' }, early);
      return;
    }
    // What is refused for its rate is neither parsed nor checked.
    const scanned = new ScannedCommand(text);
    const { type } = scanned;
    const early = this.#rateRefusalOf(session, type === undefined ? undefined : ratedKinds.get(type), text);
    if (early !== undefined) {
      this.#refuseRate(session, { id: scanned.id, type }, early);
      return;
    }
    const decoded = decodeCommand(scanned, this.#limits);
    if (decoded.ok) {
      this.#dispatch(session, decoded);
      return;
    }
    this.#refuseUndecoded(session, decoded);
  }

  /** Undefined: the command may be carried out now. */
  #rateRefusalOf(session: ClientSession, kind: RatedKind | undefined, text: string): RateRefusal | undefined {
    const rates = session.rates!;
    const nowMs = this.#clock.monotonicMs();
    const heldMs = kind === 'send' ? Math.ceil(session.sendsHeldUntilMs - nowMs) : 0;
    if (heldMs > 0) {
      const early = rates.admit(undefined, 0, nowMs);
      return early !== undefined && early.afterMs > heldMs
        ? early
        : { afterMs: heldMs, limit: 'limits.sendsPerSecond' };
    }
    const early = rates.admit(kind, Buffer.byteLength(text), nowMs);
    if (early === undefined || kind !== 'send') return early;
    const afterMs = Math.max(early.afterMs, MIN_SEND_PAUSE_MS);
    session.sendsHeldUntilMs = nowMs + afterMs;
    return { afterMs, limit: early.limit };
  }

  #refuseRate(session: ClientSession, command: CommandRef, { afterMs, limit }: RateRefusal): void {
    this.#refusals.counter.count(limit);
    const message = `more than this server takes from one user (limits of its configuration); come back after ${afterMs} ms`;
    replyError(session, command, { code: 'rate_limited', message, afterMs });
    if (!session.rates!.admitRefusal(this.#clock.monotonicMs())) session.holdReading(FLOOD_PAUSE_MS, this.#clock);
  }

  #dispatch(session: ClientSession, { command, bodyText, dataText }: AcceptedCommand): void {
    const { sender, positions, history, channels, signals, presence, settings, blocks, preferences, onPageFailure } =
      this.#rules;
    switch (command.type) {
      case 'send':
        handleSend(session, command, bodyText, sender, this.#clock.now());
        break;
      case 'signal':
        handleSignal(session, command, dataText, signals);
        break;
      case 'ack':
        handleAck(session, command, positions);
        break;
      case 'read':
        handleRead(session, command, positions, this.#rules.singleReads);
        break;
      case 'history':
        handleHistory(session, command, history, onPageFailure);
        break;
      case 'channels':
        handleChannels(session, command, channels, onPageFailure);
        break;
      case 'users':
        handleUsers(session, command, this.#rules.profiles, onPageFailure);
        break;
      case 'users.search':
        handleUsersSearch(session, command, this.#rules.search, onPageFailure);
        break;
      case 'user.update':
        handleUserUpdate(session, command, this.#rules.profiles, this.#rules.onProfileFailure);
        break;
      case 'presence':
        handlePresence(session, command, presence);
        break;
      case 'watch':
        handleWatch(session, command, presence, this.#refusals.counter);
        break;
      case 'unwatch':
        handleUnwatch(session, command, presence);
        break;
      case 'settings':
        handleSettings(session, command, settings);
        break;
      case 'block':
      case 'unblock':
        handleBlock(session, command, blocks);
        break;
      case 'blocks':
        handleBlocks(session, command, blocks, onPageFailure);
        break;
      case 'group.members':
        handleGroupMembers(session, command, this.#rules.groupMembers, this.#rules.onGroupFailure);
        break;
      case 'group.receipts':
        handleGroupReceipts(session, command, this.#rules.groupReceipts, this.#rules.onGroupFailure);
        break;
      case 'group.invitations':
        handleGroupInvitations(session, command, this.#rules.groupInvitations, this.#rules.onGroupFailure);
        break;
      case 'group.create':
      case 'group.update':
      case 'group.add':
      case 'group.invite':
      case 'group.accept':
      case 'group.decline':
      case 'group.join':
      case 'group.leave':
      case 'group.remove':
      case 'group.role':
      case 'group.delete':
        handleGroupCommand(session, command, this.#rules.groups, this.#rules.onGroupFailure);
        break;
      case 'mute':
      case 'archive':
      case 'hide':
        handlePreference(session, command, preferences, onPageFailure);
        break;
      case 'ping':
        reply(session, command, (re) => encodePong(re, this.#clock.now()));
        break;
      case 'refresh':
        this.#signIn.refresh(session, command);
        break;
      case 'connect':
        replyError(session, command, {
          code: 'exists',
          message: 'this session is connected; open another one instead',
        });
        break;
    }
  }

  #handleEarly(session: ClientSession, text: string): void {
    session.earlyMessages += 1;
    if (session.earlyMessages > this.#limits.earlyMessages) {
      this.#refusals.counter.count('beforeSignIn');
      session.end(CloseCode.protocolError, 'too many messages before sign-in');
      return;
    }
    if (text === barePing) {
      session.queueText(barePong);
      return;
    }
    if (session.phase === 'signing-in') {
      session.heldTexts.push(text);
      return;
    }
    const decoded = decodeCommand(text, this.#limits);
    if (!decoded.ok) {
      this.#refuseEarly(session, decoded);
      return;
    }
    const { command } = decoded;
    if (command.type === 'ping') reply(session, command, (re) => encodePong(re, this.#clock.now()));
    else if (command.type === 'connect') this.#signIn.connect(session, command, () => this.#handleHeld(session));
    else this.#refuseUnauthenticated(session, command);
  }

  /** What came after `connect` and before `connected`. */
  #handleHeld(session: ClientSession): void {
    const texts = session.heldTexts;
    session.heldTexts = [];
    for (const text of texts) this.handle(session, text);
  }

  #refuseEarly(session: ClientSession, refused: RefusedCommand): void {
    const { id, type } = refused;
    if (type !== undefined && type !== 'connect' && type !== 'ping') {
      this.#refuseUnauthenticated(session, { id, type });
      return;
    }
    this.#refuseUndecoded(session, refused);
  }

  /** A field out of range is a mistake of an application; a message that is not a command comes from something else. */
  #refuseUndecoded(session: ClientSession, refused: RefusedCommand): void {
    session.queueText(encodeError(refused));
    if (refused.code === 'too_large') this.#refusals.counter.count('limits.bodyBytes');
    if (refused.code !== 'malformed') return;
    this.#refusals.report('malformedCommand', this.#signIn.callerOf(session), refused);
    this.#mistake(session);
  }

  #refuseUnauthenticated(session: ClientSession, command: CommandRef): void {
    this.#refusals.counter.count('beforeSignIn');
    replyError(session, command, {
      code: 'unauthenticated',
      message: 'before sign-in only connect and ping are accepted',
    });
    this.#mistake(session);
  }

  #mistake(session: ClientSession): void {
    session.mistakes += 1;
    const allowed = session.phase === 'ready' ? MAX_MISTAKES : MAX_MISTAKES_UNAUTHENTICATED;
    if (session.mistakes >= allowed)
      session.end(CloseCode.protocolError, 'too many messages that are not commands or not allowed now');
  }
}
