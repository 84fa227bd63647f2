// Texts of one session → commands → rules. What may be said when: before sign-in only `connect` and `ping`.

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
import type { Positions } from '../messaging/positions.js';
import type { Sending } from '../messaging/sending.js';
import type { Clock } from '../runtime/clock.js';
import type { Directory } from '../storage/directory.js';
import { handleChannels, handleHistory } from './commands/pages.js';
import { handleAck, handleRead } from './commands/positions.js';
import { type Asked, answer, refuse } from './commands/reply.js';
import { handleSend } from './commands/send.js';
import type { Gate } from './gate.js';
import type { Session } from './session.js';

/** The rules a command can reach. */
export interface Rules {
  readonly sending: Sending;
  readonly positions: Positions;
  readonly history: History;
  readonly channels: ChannelList;
  readonly directory: Directory;
  /** A page of history or channels could not be read. */
  readonly onPageFailure: (error: unknown) => void;
}

/** Texts that are no commands, or commands before sign-in, until a session is shown the door. */
const MAX_MISTAKES = 16;
const MAX_MISTAKES_UNAUTHENTICATED = 3;

export class Router {
  readonly #rules: Rules;
  readonly #gate: Gate;
  readonly #clock: Clock;
  readonly #limits: DecodeLimits;

  constructor(rules: Rules, gate: Gate, clock: Clock, limits: DecodeLimits) {
    this.#rules = rules;
    this.#gate = gate;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one text message. Never throws for what a client can say. */
  handle(session: Session, text: string): void {
    if (session.endedWith !== undefined || session.phase === 'ended') return;
    if (text === barePing) {
      session.queueText(barePong);
      session.balance();
      return;
    }
    const decoded = decodeCommand(text, this.#limits);
    if (!decoded.ok) {
      this.#refuse(session, decoded);
      session.balance();
      return;
    }
    if (session.phase === 'ready') this.#dispatch(session, decoded.command, decoded.bodyText);
    else this.#greet(session, decoded.command);
    session.balance();
  }

  #dispatch(session: Session, command: ReceivedCommand, bodyText: string | undefined): void {
    const { sending, positions, history, channels, directory, onPageFailure } = this.#rules;
    switch (command.type) {
      case 'send':
        handleSend(session, command, bodyText, sending);
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
        answer(session, command, (re) => encodePong(re, this.#clock.now()));
        break;
      case 'refresh':
        this.#gate.refresh(session, command);
        break;
      case 'connect':
        refuse(session, command, { code: 'exists', message: 'this session is connected; open another one instead' });
        break;
    }
  }

  #refuse(session: Session, refused: RefusedCommand): void {
    const { id, type } = refused;
    if (session.phase !== 'ready' && type !== undefined && type !== 'connect' && type !== 'ping') {
      this.#refuseUnauthenticated(session, { id, type });
      return;
    }
    session.queueText(encodeError(refused));
    // A field out of its range is a mistake of an app; what is no command at all comes from something else.
    if (refused.code === 'malformed') this.#mistake(session);
  }

  #greet(session: Session, command: ReceivedCommand): void {
    if (command.type === 'ping') {
      answer(session, command, (re) => encodePong(re, this.#clock.now()));
      return;
    }
    if (command.type === 'connect' && session.phase === 'greeting') {
      this.#gate.connect(session, command);
      return;
    }
    this.#refuseUnauthenticated(session, command);
  }

  #refuseUnauthenticated(session: Session, asked: Asked): void {
    refuse(session, asked, { code: 'unauthenticated', message: 'before sign-in only connect and ping are taken' });
    this.#mistake(session);
  }

  #mistake(session: Session): void {
    session.mistakes += 1;
    const allowed = session.phase === 'ready' ? MAX_MISTAKES : MAX_MISTAKES_UNAUTHENTICATED;
    if (session.mistakes >= allowed)
      session.end(CloseCode.protocolError, 'too many messages that are no commands here');
  }
}
