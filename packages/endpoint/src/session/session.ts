// One open connection as an endpoint's handlers see it.
import { randomBytes } from 'node:crypto';
import {
  type CloseOptions,
  type ExtensionOffer,
  type PreparedMessage,
  parseExtensions,
  type TurnBuffer,
  WebSocketCloseCode,
} from '@longwire/websocket';
import {
  type MessageDelivery,
  type MessageHandler,
  type NotAnAnswer,
  notAnAnswer,
} from '../declaring/message-handler.js';
import type { Principal } from '../handshake/authentication.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import type { MessageWriter } from '../messages/message-writer.js';
import type { MessageSource } from '../messages/queued-sender.js';
import { assertWholeNumber, sessionRanges } from '../option-checks.js';
import type { PathParameters } from '../paths/path-template.js';
import type { AnyMessageHandler } from './session-control.js';
import { type SessionFilter, selectSessions } from './session-filter.js';
import type { SessionSender } from './session-sender.js';

/** The sender of a session, with what only this package may do: send answers, offer messages, close for a reason. */
export let senderOf: (session: Session) => SessionSender;

/** The map behind `session.userProperties`: `(text, session) => session.userProperties.set('last', text)` answers nothing. */
export class UserProperties extends Map<string, unknown> implements NotAnAnswer {
  get [notAnAnswer](): true {
    return true;
  }
}

/**
 * One client's connection to an endpoint, from the handshake to the close. `Path` is the endpoint's path template and
 * types {@link Session.path}. Sessions are made by the container, one for each connection, and belong to no other.
 *
 * What sends never throws; all methods may be called at any time, in any order, from anywhere. What is sent leaves in
 * the order of the calls, also behind an object whose encoder takes its time.
 */
export class Session<Path extends string = string> implements NotAnAnswer {
  /** The request that opened the session. */
  readonly handshake: HandshakeRequest;
  readonly #sender: SessionSender;
  #id: string | undefined;
  #userProperties: UserProperties | undefined;

  constructor(sender: SessionSender, handshake: HandshakeRequest, userProperties: UserProperties | undefined) {
    this.#sender = sender;
    this.handshake = handshake;
    this.#userProperties = userProperties;
  }

  /** The endpoint's path template. */
  get template(): Path {
    return this.#sender.control.template as Path;
  }

  /**
   * The decoded values of the template's variables: of `/chat/{room}`, `session.path.room`. Written by the client:
   * never trust them.
   */
  get path(): PathParameters<Path> {
    return this.handshake.path as PathParameters<Path>;
  }

  /** A handler that returns its session answers nothing. */
  get [notAnAnswer](): true {
    return true;
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

  /** Who the client is, as the configurator's `authenticate` said; undefined for a guest, or without that hook. */
  get principal(): Principal | undefined {
    return this.handshake.principal;
  }

  /**
   * Whatever the application wants to remember of this session. Shared with no other session; `modifyHandshake` may
   * have filled it.
   */
  get userProperties(): UserProperties {
    this.#userProperties ??= new UserProperties();
    return this.#userProperties;
  }

  /** Version of the WebSocket protocol: `13`, RFC 6455. */
  get protocolVersion(): string {
    return '13';
  }

  /** The subprotocol agreed on, '' when there is none. */
  get subprotocol(): string {
    return this.#sender.connection.subprotocol;
  }

  /** The extensions agreed on, as in the header `Sec-WebSocket-Extensions`; '' when there are none. */
  get extensions(): string {
    return this.#sender.connection.extensions;
  }

  /** The extensions agreed on, with their parameters. */
  get negotiatedExtensions(): readonly ExtensionOffer[] {
    return this.extensions === '' ? [] : (parseExtensions(this.extensions) ?? []);
  }

  /** True when the client's connection is TLS: to this process, or to a trusted proxy that says so. */
  get secure(): boolean {
    return this.handshake.secure;
  }

  /** Address of the client: what a trusted proxy says, else that of the TCP peer. */
  get remoteAddress(): string {
    return this.handshake.remoteAddress;
  }

  /** False as soon as either side has begun to close. */
  get isOpen(): boolean {
    return this.#sender.isOpen;
  }

  /**
   * Bytes sent here that the operating system has not taken yet. What waits behind an encoder counts with what it costs
   * to keep it: 160 bytes for each message, 460 more where there is a promise to be kept.
   */
  get bufferedBytes(): number {
    return this.#sender.bufferedBytes;
  }

  /**
   * The session ends with 1001 when no message has gone either way for so long; 0: never. Setting it begins to count
   * anew. @throws EndpointError invalid_option outside of 0-604 800 000
   */
  get idleTimeoutMs(): number {
    return this.#sender.control.idle?.timeoutMs ?? 0;
  }

  set idleTimeoutMs(timeoutMs: number) {
    assertWholeNumber('idleTimeoutMs', timeoutMs, sessionRanges.idleTimeoutMs, 'session');
    this.#sender.control.setIdleTimeout(timeoutMs);
  }

  /**
   * Bytes of one text message; above it the session ends with 1009. May be changed for the messages that begin
   * afterwards. @throws EndpointError invalid_option outside of 1-2 147 483 647
   */
  get maxTextBytes(): number {
    return this.#sender.connection.maxTextBytes;
  }

  set maxTextBytes(bytes: number) {
    assertWholeNumber('maxTextBytes', bytes, sessionRanges.maxTextBytes, 'session');
    this.#sender.connection.maxTextBytes = bytes;
  }

  /** As {@link maxTextBytes}, for binary messages. */
  get maxBinaryBytes(): number {
    return this.#sender.connection.maxBinaryBytes;
  }

  set maxBinaryBytes(bytes: number) {
    assertWholeNumber('maxBinaryBytes', bytes, sessionRanges.maxBinaryBytes, 'session');
    this.#sender.connection.maxBinaryBytes = bytes;
  }

  /**
   * Queues a message: a string as text, bytes as binary. Bytes are not always copied: leave them as they are until
   * {@link bufferedBytes} says that they are gone. After the end it reports session_ended to the error handler.
   */
  send(message: string | Uint8Array): void {
    this.#sender.send(message);
  }

  /**
   * Queues a message that was encoded once for many sessions. After the end it reports session_ended to the error
   * handler.
   */
  sendPrepared(message: PreparedMessage): void {
    this.#sender.sendPrepared(message);
  }

  /**
   * Gets what is appended to `turn` from here on, as if by {@link sendPrepared}, until the end of the event loop's turn or
   * until something else is sent here. For programs that send the same messages to many sessions and choose the receivers
   * message by message; otherwise use a `Broadcast`.
   * @param receiver  how `turn` knows this session
   * @param messageBytes  of the next message
   * @returns false if the session has to be sent each message by itself: it has ended, is observed, sends behind an
   *   encoder, or has no more room than `maxBufferedBytes` for {@link bufferedBytes}
   */
  follow<Receiver>(
    turn: TurnBuffer<Receiver>,
    receiver: Receiver,
    messageBytes: number,
    maxBufferedBytes: number,
  ): boolean {
    return this.#sender.follow(turn, receiver, messageBytes, maxBufferedBytes);
  }

  /** Ends {@link follow}: what was appended so far is sent, what is appended later is not. */
  unfollow<Receiver>(turn: TurnBuffer<Receiver>): void {
    this.#sender.unfollow(turn);
  }

  /**
   * Sends a message; resolves when all of it was handed to the operating system, which is not yet the peer. Rejects
   * with an EndpointError session_ended or invalid_message. It need not be awaited: an unhandled rejection
   * ends nothing.
   */
  sendAsync(message: string | Uint8Array): Promise<void> {
    return this.#sender.sendAsync(message);
  }

  /** As {@link sendAsync}, for a message that was encoded once for many sessions. */
  sendPreparedAsync(message: PreparedMessage): Promise<void> {
    return this.#sender.sendPreparedAsync(message);
  }

  /**
   * Sends what the first encoder of the endpoint that takes the value makes of it. A fault of the encoder, or that there
   * is none, reaches the error handler as encode_failed; after the end it is session_ended.
   */
  sendObject(value: unknown): void {
    this.#sender.sendObject(value);
  }

  /** Begins a message that is written part by part. What is sent meanwhile waits for its end. */
  startMessage(kind: 'text' | 'binary'): MessageWriter {
    return this.#sender.startMessage(kind);
  }

  /**
   * Sends one message with the parts that a source gives, as fast as the peer reads. Resolves when the last part was
   * handed to the operating system. Rejects with session_ended, or with stream_failed when the source fails or gives
   * something that is no part: the error handler hears of that as well, once. When the session ends, the source is asked
   * to return as soon as it has given its next part. A message that has begun cannot be taken
   * back then, so the session closes with 1011; one that has not is not sent. An unhandled rejection ends
   * nothing.
   */
  sendStream<Kind extends 'text' | 'binary'>(
    kind: Kind,
    source: MessageSource<Kind extends 'text' ? string : Uint8Array>,
  ): Promise<void> {
    return this.#sender.sendStream(kind, source);
  }

  /**
   * What is sent on this session while `work` runs goes out together when it is done, also if it is asynchronous or
   * fails. Gives what `work` gives, and throws what it throws. Pings, and sends that are awaited in between, let what
   * has gathered go earlier.
   */
  batch<Result>(work: () => Result): Result {
    return this.#sender.batch(work);
  }

  /** Sends a ping with at most 125 bytes of payload; the answer comes to the endpoint's pong handler. */
  ping(payload?: Uint8Array): void {
    this.#sender.sendControl('ping', payload);
  }

  /** Sends an unsolicited pong (RFC 6455 §5.5.3); pings are answered without it. Otherwise as {@link ping}. */
  pong(payload?: Uint8Array): void {
    this.#sender.sendControl('pong', payload);
  }

  /**
   * Takes messages of one kind on this session: for endpoints that choose their handlers when a session opens. The
   * handler is called as a declared one would be; what it returns is sent.
   * @throws EndpointError duplicate_handler when the endpoint or the session has a handler for such messages,
   *   missing_decoder, invalid_handler, invalid_option, unknown_option
   */
  addMessageHandler<
    const Kind extends 'text' | 'binary' | 'pong' | 'object' = 'text',
    const Delivery extends MessageDelivery = 'whole',
  >(
    options: { readonly kind?: Kind; readonly delivery?: Delivery },
    handler: MessageHandler<Kind, Delivery, Session<Path>>,
  ): void {
    this.#sender.control.addMessageHandler(options, handler as AnyMessageHandler);
  }

  /** Removes a handler that was added; does nothing if there is no such handler. */
  removeMessageHandler(handler: AnyMessageHandler): void {
    this.#sender.control.removeMessageHandler(handler);
  }

  /** The handlers that were added to this session. */
  get messageHandlers(): readonly AnyMessageHandler[] {
    return this.#sender.control.messageHandlers();
  }

  /**
   * Begins the closing handshake; what was sent before goes out first. No message handler is started any more;
   * `onClose` follows when the peer has answered or the time for it is over. Closing twice does nothing. A code or
   * reason that may not be sent is reported and 1000 goes out.
   * @param code  1000 (the default), 1001, 1003, 1007-1014 or 3000-4999
   * @param reason  at most 123 bytes of UTF-8
   * @param options  `dropQueued`: what was sent and not yet written is dropped instead of going out first, for a client
   *   that does not read
   */
  close(code: number = WebSocketCloseCode.normal, reason = '', options?: CloseOptions): void {
    this.#sender.close('closed', code, reason, options);
  }

  /** Cuts the connection without a closing handshake: the peer sees 1006. What was not written yet is lost. */
  terminate(): void {
    this.#sender.terminate();
  }

  /**
   * Stops reading from the connection, so that the peer has to wait; messages that have arrived already are still
   * handled.
   */
  pauseReading(): void {
    this.#sender.control.pauseReading();
  }

  /** Reads on after {@link pauseReading}, as soon as fewer than 16 messages wait. */
  resumeReading(): void {
    this.#sender.control.resumeReading();
  }

  /** The open sessions of this endpoint, this one included, as they are now: all, or those that `filter` names. */
  openSessions(filter?: SessionFilter<Path>): Session<Path>[] {
    return selectSessions(this.#sender.control.openSessions() as Iterable<Session<Path>>, filter);
  }

  static {
    senderOf = (session) => session.#sender;
  }
}
