// Text messages of a session → commands → rules. Before sign-in only `connect` and `ping` are allowed.

import {
  barePing,
  barePong,
  CloseCode,
  type DecodeLimits,
  decodeCommand,
  encodeError,
  encodePong,
  type ReceivedCommand,
  type RefusedCommand,
} from '@longwire/protocol';
import type { ChannelList } from '../messaging/channel-list.js';
import type { History } from '../messaging/history.js';
import type { MessageSender } from '../messaging/message-sender.js';
import type { Positions } from '../messaging/positions.js';
import type { Clock } from '../runtime/clock.js';
import type { Directory } from '../storage/directory.js';
import type { ClientSession } from './client-session.js';
import { handleAck } from './commands/ack.js';
import { handleChannels } from './commands/channels.js';
import { handleHistory } from './commands/history.js';
import { handleRead } from './commands/read.js';
import { type CommandRef, reply, replyError } from './commands/reply.js';
import { handleSend } from './commands/send.js';
import type { SignIn } from './sign-in.js';

/** The rules a command can reach. */
export interface Rules {
  readonly sender: MessageSender;
  readonly positions: Positions;
  readonly history: History;
  readonly channels: ChannelList;
  readonly directory: Directory;
  /** A page of history or channels could not be read. */
  readonly onPageFailure: (error: unknown) => void;
}

/** Messages that are not commands, or not allowed before sign-in, until the session is closed with 4000. */
const MAX_MISTAKES = 16;
const MAX_MISTAKES_UNAUTHENTICATED = 3;

export class Router {
  readonly #rules: Rules;
  readonly #signIn: SignIn;
  readonly #clock: Clock;
  readonly #limits: DecodeLimits;

  constructor(rules: Rules, signIn: SignIn, clock: Clock, limits: DecodeLimits) {
    this.#rules = rules;
    this.#signIn = signIn;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Handles one text message. Never throws, whatever a client sends. */
  handle(session: ClientSession, text: string): void {
    if (session.endedWith !== undefined || session.phase === 'ended') return;
    if (text === barePing) {
      session.queueText(barePong);
      session.updateReading();
      return;
    }
    const decoded = decodeCommand(text, this.#limits);
    if (!decoded.ok) {
      this.#replyError(session, decoded);
      session.updateReading();
      return;
    }
    if (session.phase === 'ready') this.#dispatch(session, decoded.command, decoded.bodyText);
    else this.#handleBeforeSignIn(session, decoded.command);
    session.updateReading();
  }

  #dispatch(session: ClientSession, command: ReceivedCommand, bodyText: string | undefined): void {
    const { sender, positions, history, channels, directory, onPageFailure } = this.#rules;
    switch (command.type) {
      case 'send':
        handleSend(session, command, bodyText, sender);
        break;
      case 'ack':
        handleAck(session, command, positions);
        break;
      case 'read':
        handleRead(session, command, positions);
        break;
      case 'history':
        handleHistory(session, command, history, onPageFailure);
        break;
      case 'channels':
        handleChannels(session, command, channels, directory, onPageFailure);
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

  #replyError(session: ClientSession, refused: RefusedCommand): void {
    const { id, type } = refused;
    if (session.phase !== 'ready' && type !== undefined && type !== 'connect' && type !== 'ping') {
      this.#refuseUnauthenticated(session, { id, type });
      return;
    }
    session.queueText(encodeError(refused));
    // A field out of range is a mistake of an application; a message that is not a command comes from something else.
    if (refused.code === 'malformed') this.#mistake(session);
  }

  #handleBeforeSignIn(session: ClientSession, command: ReceivedCommand): void {
    if (command.type === 'ping') {
      reply(session, command, (re) => encodePong(re, this.#clock.now()));
      return;
    }
    if (command.type === 'connect' && session.phase === 'pending') {
      this.#signIn.connect(session, command);
      return;
    }
    this.#refuseUnauthenticated(session, command);
  }

  #refuseUnauthenticated(session: ClientSession, command: CommandRef): void {
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
