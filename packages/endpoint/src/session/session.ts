// One open connection as an endpoint's handlers see it.
import { randomBytes } from 'node:crypto';
import type { PreparedMessage, WebSocketConnection } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import type { PathParameters } from '../paths/path-template.js';

/** What a session needs of the dispatcher that runs its handlers. */
export interface SessionControl {
  /** Hands a fault that no handler threw to the endpoint's error handler. */
  report(error: unknown): void;
  /** The program has ended the session: no message handler is started any more. */
  endedHere(): void;
  pauseReading(): void;
  resumeReading(): void;
  openSessions(): Iterable<Session>;
}

/**
 * Which of an endpoint's sessions: `path` is a requested path (decoded or not), or values that path parameters must
 * have.
 */
export interface SessionFilter<Path extends string = string> {
  readonly path?: string | Partial<PathParameters<Path>>;
}

/**
 * One client's connection to an endpoint, from the handshake to the close. `Path` is the endpoint's path template and
 * types {@link Session.path}. Sessions are made by the container, one for each connection, and belong to no other.
 *
 * Methods never throw and may be called at any time, in any order, from anywhere; what is sent leaves in the order of
 * the calls.
 */
export class Session<Path extends string = string> {
  /** The endpoint's path template. */
  readonly template: Path;
  /**
   * The decoded values of the template's variables: of `/chat/{room}`, `session.path.room`. Written by the client:
   * never trust them.
   */
  readonly path: PathParameters<Path>;
  /** The request that opened the session. */
  readonly handshake: HandshakeRequest;
  readonly #connection: WebSocketConnection;
  readonly #control: SessionControl;
  #id: string | undefined;
  #userProperties: Map<string, unknown> | undefined;

  constructor(
    connection: WebSocketConnection,
    control: SessionControl,
    opened: {
      template: Path;
      path: PathParameters<Path>;
      handshake: HandshakeRequest;
      userProperties: Map<string, unknown> | undefined;
    },
  ) {
    this.#connection = connection;
    this.#control = control;
    this.template = opened.template;
    this.path = opened.path;
    this.handshake = opened.handshake;
    this.#userProperties = opened.userProperties;
  }

  /** 128 random bits as 32 hexadecimal digits. Never given to two sessions; not a secret. */
  get id(): string {
    // Made when first asked for: most connections of a busy endpoint are never named.
    this.#id ??= randomBytes(16).toString('hex');
    return this.#id;
  }

  /** The request target of the handshake: path and query. */
  get requestUri(): string {
    return this.handshake.url;
  }

  /** The handshake's query parameters, decoded. */
  get query(): URLSearchParams {
    return this.handshake.query;
  }

  /** The handshake's headers, names in lower case. */
  get headers(): HandshakeRequest['headers'] {
    return this.handshake.headers;
  }

  /**
   * Whatever the application wants to remember of this session. Shared with no other session; `modifyHandshake` may
   * have filled it.
   */
  get userProperties(): Map<string, unknown> {
    this.#userProperties ??= new Map();
    return this.#userProperties;
  }

  /** The subprotocol agreed on, '' when there is none. */
  get subprotocol(): string {
    return this.#connection.subprotocol;
  }

  /** The extensions agreed on, as in the header `Sec-WebSocket-Extensions`; '' when there are none. */
  get extensions(): string {
    return this.#connection.extensions;
  }

  /** True when the connection to this process is TLS. */
  get secure(): boolean {
    return this.handshake.secure;
  }

  /** Address of the TCP peer; behind a proxy, the proxy's. */
  get remoteAddress(): string {
    return this.handshake.remoteAddress;
  }

  /** False as soon as either side has begun to close. */
  get isOpen(): boolean {
    return this.#connection.state === 'open';
  }

  /** Bytes sent here that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /**
   * Queues a message: a string as text, bytes as binary. After the end it reports SESSION_ENDED to the error handler.
   */
  send(message: string | Uint8Array): void {
    if (!this.isOpen) this.#reportEnded('send');
    else if (typeof message === 'string') this.#connection.sendText(message);
    else if (message instanceof Uint8Array) this.#connection.sendBinary(message);
    else this.#control.report(notAMessage(message));
  }

  /**
   * Queues a message that was encoded once for many sessions. After the end it reports SESSION_ENDED to the error
   * handler.
   */
  sendPrepared(message: PreparedMessage): void {
    if (this.isOpen) this.#connection.sendPrepared(message);
    else this.#reportEnded('sendPrepared');
  }

  /**
   * Sends a message; resolves when all of it was handed to the operating system, which is not yet the peer. Rejects
   * with an EndpointError SESSION_ENDED or INVALID_MESSAGE. Nobody has to wait for it: a rejection that nobody handles
   * ends nothing.
   */
  sendAsync(message: string | Uint8Array): Promise<void> {
    const sent = this.#sendAsync(message);
    // Node ends the process for an unhandled rejection; one lost client must not be able to do that.
    sent.catch(() => {});
    return sent;
  }

  /** As {@link sendAsync}, for a message that was encoded once for many sessions. */
  sendPreparedAsync(message: PreparedMessage): Promise<void> {
    const sent = this.#connection.sendPreparedAsync(message).catch((cause: unknown) => {
      throw new EndpointError('SESSION_ENDED', 'sendPreparedAsync: the session ended before that', { cause });
    });
    sent.catch(() => {});
    return sent;
  }

  async #sendAsync(message: string | Uint8Array): Promise<void> {
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) throw notAMessage(message);
    try {
      if (typeof message === 'string') await this.#connection.sendTextAsync(message);
      else await this.#connection.sendBinaryAsync(message);
    } catch (cause) {
      throw new EndpointError(
        'SESSION_ENDED',
        'sendAsync: the session ended before the message was handed to the operating system',
        {
          cause,
        },
      );
    }
  }

  /** Sends a ping with at most 125 bytes of payload; the answer comes to the endpoint's pong handler. */
  ping(payload?: Uint8Array): void {
    if (!this.isOpen) {
      this.#reportEnded('ping');
      return;
    }
    try {
      this.#connection.ping(payload);
    } catch (error) {
      this.#control.report(error);
    }
  }

  /**
   * Begins the closing handshake; what was sent before goes out first. No message handler is started any more;
   * `onClose` follows when the peer has answered or the time for it is over. Closing twice does nothing. A code or
   * reason that may not be sent is reported and 1000 goes out.
   * @param code  1000 (the default), 1001, 1003, 1007-1014 or 3000-4999
   * @param reason  at most 123 bytes of UTF-8
   */
  close(code = 1000, reason = ''): void {
    this.#control.endedHere();
    try {
      this.#connection.close(code, reason);
    } catch (error) {
      this.#control.report(error);
      this.#connection.close(1000);
    }
  }

  /** Cuts the connection without a closing handshake: the peer sees 1006. What was not written yet is lost. */
  terminate(): void {
    this.#control.endedHere();
    this.#connection.terminate();
  }

  /**
   * Stops reading from the connection, so that the peer has to wait; messages that have arrived already are still
   * handled.
   */
  pauseReading(): void {
    this.#control.pauseReading();
  }

  /** Reads on after {@link pauseReading}, as soon as fewer than 16 messages wait. */
  resumeReading(): void {
    this.#control.resumeReading();
  }

  /** The open sessions of this endpoint, this one included, as they are now: all, or those that `filter` names. */
  openSessions(filter?: SessionFilter<Path>): Session<Path>[] {
    return selectSessions(this.#control.openSessions(), filter) as Session<Path>[];
  }

  #reportEnded(act: string): void {
    this.#control.report(
      new EndpointError('SESSION_ENDED', `${act}: the session has ended; check isOpen, or let onError pass over it`),
    );
  }
}

/** Copies the open sessions that `filter` names, so that handlers may end sessions while they walk through them. */
export function selectSessions(sessions: Iterable<Session>, filter: SessionFilter | undefined): Session[] {
  const wanted = filter?.path;
  const selected: Session[] = [];
  for (const session of sessions) {
    if (session.isOpen && (wanted === undefined || isAt(session, wanted))) selected.push(session);
  }
  return selected;
}

function isAt(session: Session, wanted: string | Readonly<Record<string, string | undefined>>): boolean {
  if (typeof wanted !== 'string') {
    return Object.entries(wanted).every(([name, value]) => value === undefined || session.path[name] === value);
  }
  const requested = session.handshake.requestedPath;
  return requested === wanted || decodeURI(requested) === wanted;
}

function notAMessage(given: unknown): EndpointError {
  const what = given === null ? 'null' : typeof given;
  return new EndpointError('INVALID_MESSAGE', `expected a string or a Uint8Array to send, got ${what}`);
}
