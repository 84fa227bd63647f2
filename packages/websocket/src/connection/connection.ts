// One live connection of either role: joins reader, writer, heartbeat and closing over a socket.
import type { Duplex } from 'node:stream';
import { WebSocketCloseCode } from '../close-codes.js';
import type { WebSocketError } from '../errors.js';
import type { PerMessageDeflate } from '../extension/permessage-deflate.js';
import { type ControlOpcode, Opcode, type Role } from '../frame/opcode.js';
import type { MessageKind } from '../message/assembler.js';
import { type ClosePayload, encodeClosePayload, fitCloseReason } from '../message/close-payload.js';
import { checkControlPayload } from '../message/control-payload.js';
import type { PreparedMessage } from '../message/prepared-message.js';
import type { ResolvedWebSocketOptions } from '../options.js';
import { ClosingState } from './closing-state.js';
import { connectionErrors } from './connection-errors.js';
import { ConnectionReader } from './connection-reader.js';
import type { ConnectionSetup, ReadyState } from './connection-setup.js';
import type { FragmentWriter } from './fragment-writer.js';
import { frameWatch } from './frame-watch.js';
import type { HandlerOf } from './handler.js';
import { type ConnectionAccess, readerEventsFor, tell, tellClose, tellFault } from './handler-calls.js';
import { Heartbeat } from './heartbeat.js';
import { type MessageOptions, Output, type OutputEvents } from './output.js';
import { type SocketBinder, socketBinder } from './socket-binding.js';
import { TimerWheel } from './timer-wheel.js';

// After a fault, the time the peer has to read our Close frame and close: a hostile one holds its socket below a second.
const FAULT_LINGER_MS = 900;
const NO_BYTES = Buffer.alloc(0);

/** The callbacks of a connection: see `HandlerOf` for each of them. One object may serve all connections. */
export type ConnectionHandler = HandlerOf<WebSocketConnection>;

// Shared by all connections and set by the class itself, so that its private side stays private.
let onDeadline: (connection: WebSocketConnection, nowMs: number) => number;
let outputEvents: OutputEvents<WebSocketConnection>;
let access: ConnectionAccess<WebSocketConnection>;
let bindSocket: SocketBinder<WebSocketConnection>;

/**
 * One WebSocket connection, server or client. Sends never block: they queue, keep their order, and are written once at the
 * end of the event-loop turn. Everything that happens goes to `handler`; a send only throws `invalid_payload`, for a payload
 * of the wrong type, with nothing queued.
 */
export class WebSocketConnection {
  readonly role: Role;
  /** Negotiated subprotocol; empty if none. */
  readonly subprotocol: string;
  /** Negotiated extensions as in the header; empty if none. */
  readonly extensions: string;
  /** May be replaced at any time; the next event goes to the new one. */
  handler: ConnectionHandler;
  /** For the owner of the connection: its own state, reached without a look-up. */
  data: unknown = undefined;
  /** As `maxMessageBytes`, for text messages that begin from now on; at most what a string can hold. */
  maxTextBytes: number;
  /** As `maxMessageBytes`, for binary messages that begin from now on. */
  maxBinaryBytes: number;
  readonly #socket: Duplex;
  readonly #options: ResolvedWebSocketOptions;
  readonly #deflate: PerMessageDeflate | undefined;
  readonly #heartbeat: Heartbeat<WebSocketConnection>;
  // Made when first needed: an idle connection has neither.
  #reader: ConnectionReader<WebSocketConnection> | undefined;
  #output: Output<WebSocketConnection> | undefined;
  #closing: ClosingState | undefined;
  #state: ReadyState = 'open';
  #isPaused = false;
  #isHoldingBack = false;

  /** Made by `accept` and `dial`. */
  constructor(setup: ConnectionSetup<WebSocketConnection>) {
    this.role = setup.role;
    this.subprotocol = setup.subprotocol;
    this.extensions = setup.extensions;
    this.handler = setup.handler;
    this.maxTextBytes = setup.options.maxMessageBytes;
    this.maxBinaryBytes = setup.options.maxMessageBytes;
    this.#socket = setup.socket;
    this.#options = setup.options;
    this.#deflate = setup.deflate;
    this.#heartbeat = new Heartbeat(this, wheel.now());
    const firstCheckMs = this.#heartbeat.nextDelayMs(setup.options, undefined, wheel.now());
    if (firstCheckMs >= 0) wheel.schedule(this.#heartbeat, firstCheckMs);
    bindSocket(this, setup.socket, setup.head);
  }

  get state(): ReadyState {
    return this.#state;
  }

  /** Bytes queued here, and those handed to the socket that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#output?.bufferedBytes ?? 0;
  }

  /** When a byte came last, or the send queue was last seen to move; milliseconds since this process started. */
  get lastAliveMs(): number {
    return this.#heartbeat.lastAliveMs;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Queues a text message. Returns false, and does nothing, once the connection has begun to close. */
  sendText(text: string, options?: MessageOptions): boolean {
    return this.#state === 'open' && this.#writeTo().sendText(text, options?.compress !== false);
  }

  /**
   * Queues a binary message. Returns false, and does nothing, once the connection has begun to close. Up to 4 KiB are
   * copied; a server writes larger data from where it lies: do not change it before it was handed over.
   */
  sendBinary(data: Uint8Array, options?: MessageOptions): boolean {
    return this.#state === 'open' && this.#writeTo().sendBinary(data, options?.compress !== false);
  }

  /** Queues a message that was encoded once for many. Returns false once the connection has begun to close. */
  sendPrepared(message: PreparedMessage): boolean {
    return this.#state === 'open' && this.#writeTo().sendPrepared(message);
  }

  /** As `sendText`; resolves once handed to the operating system. Rejects with `connection_ended` if it never was. */
  async sendTextAsync(text: string, options?: MessageOptions): Promise<void> {
    return this.#handedOver(this.sendText(text, options));
  }

  /** As `sendBinary`; resolves once handed to the operating system. Rejects with `connection_ended` if it never was. */
  async sendBinaryAsync(data: Uint8Array, options?: MessageOptions): Promise<void> {
    return this.#handedOver(this.sendBinary(data, options));
  }

  /** As `sendPrepared`; resolves once handed to the operating system. Rejects with `connection_ended` if it never was. */
  async sendPreparedAsync(message: PreparedMessage): Promise<void> {
    return this.#handedOver(this.sendPrepared(message));
  }

  /** Begins a message whose length need not be known. Messages sent after this wait for its end; control frames do not. */
  startMessage(kind: MessageKind): FragmentWriter {
    const output = this.#writeTo();
    if (this.#state !== 'open') output.giveUpStreams();
    return output.startMessage(kind);
  }

  /**
   * Sends a ping ahead of queued messages. Returns false once the connection has begun to close.
   * @throws WebSocketError `invalid_payload` for more than 125 bytes, or what is no Uint8Array
   */
  ping(payload: Uint8Array = NO_BYTES): boolean {
    return this.#sendControl(Opcode.ping, payload);
  }

  /** Sends an unasked pong (RFC 6455 §5.5.3); every ping is answered without it. Otherwise as `ping`. */
  pong(payload: Uint8Array = NO_BYTES): boolean {
    return this.#sendControl(Opcode.pong, payload);
  }

  /**
   * Begins the closing handshake: queued messages go out, then the Close frame. `onClose` follows when TCP has ended, at the
   * latest after closeTimeoutMs. A streamed message without end is given up. Does nothing if closing has begun.
   * @param reason at most 123 bytes of UTF-8
   * @throws WebSocketError `invalid_close_code`, `invalid_close_reason`
   */
  close(code: number = WebSocketCloseCode.normal, reason = ''): void {
    const payload = encodeClosePayload(code, reason);
    if (this.#state !== 'open') return;
    const closing = this.#beginClosing(new ClosingState('local'));
    this.#sendClose(closing, payload);
    // While paused nothing is handed to the handler; but the peer's Close frame must be seen.
    if (this.#isPaused) this.#readOn();
  }

  /** Ends TCP at once, without a closing handshake. `onClose` follows with 1006. */
  terminate(): void {
    this.#breakOff('local', connectionErrors.terminated());
  }

  /** Stops reading: no more events but errors, and the end if nothing that came is unread. The peer's silence does not count. */
  pause(): void {
    if (this.#isPaused || this.#state !== 'open') return;
    this.#isPaused = true;
    this.#heartbeat.notePause(wheel.now());
    this.#reader?.suspend();
    this.#socket.pause();
  }

  /** Reads on, beginning with what had arrived. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#readOn();
  }

  /** Writes what is queued now, instead of at the end of the turn. */
  flush(): void {
    this.#output?.writer.flush();
  }

  /** Keeps what is sent from here on until `release`, also over turns; control frames and awaited sends let it go earlier. */
  hold(): void {
    this.#writeTo().writer.hold();
  }

  /** Writes what is held, once for each `hold` has been called. */
  release(): void {
    this.#output?.writer.release();
  }

  #writeTo(): Output<WebSocketConnection> {
    if (this.#output === undefined) {
      const watch = frameWatch(this);
      this.#output = new Output(this, outputEvents, this.role, this.#socket, this.#options, this.#deflate, watch);
    }
    return this.#output;
  }

  #handedOver(isQueued: boolean): Promise<void> {
    return isQueued ? this.#writeTo().whenHandedOver() : Promise.reject(connectionErrors.ended(this.#closing?.error));
  }

  #sendControl(opcode: ControlOpcode, payload: Uint8Array): boolean {
    checkControlPayload(payload);
    return this.#state === 'open' && this.#writeTo().sendControl(opcode, payload);
  }

  #readOn(): void {
    this.#heartbeat.noteResume(wheel.now());
    this.#reader?.resume();
    // The handler may have paused again, or an inflater may still hold back.
    if (!this.#isHoldingBack && !(this.#isPaused && this.#state === 'open')) this.#socket.resume();
  }

  #beginClosing(closing: ClosingState): ClosingState {
    this.#state = 'closing';
    this.#closing = closing;
    wheel.schedule(this.#heartbeat, this.#options.closeTimeoutMs);
    return closing;
  }

  #sendClose(closing: ClosingState, payload: Uint8Array): void {
    closing.isCloseSent = true;
    this.#writeTo().sendClose(payload);
  }

  /** The peer's Close frame has come: answer it if we have not sent ours, then a server ends TCP first (RFC 6455 §7.1.1). */
  #onCloseFrame(received: ClosePayload): void {
    const closing = this.#closing ?? this.#beginClosing(new ClosingState('remote'));
    closing.received = received;
    if (!closing.isCloseSent) {
      // RFC 6455 §5.5.1: the answer typically echoes the code that came.
      const isEmpty = received.code === WebSocketCloseCode.noStatusReceived;
      this.#sendClose(closing, isEmpty ? NO_BYTES : encodeClosePayload(received.code, ''));
    }
    if (this.role === 'server') this.#writeTo().writer.endWhenEmpty();
    // Nothing more is read, but the end of TCP must be seen.
    this.#socket.resume();
  }

  /** RFC 6455 §7.1.7, fail the connection: say why, end TCP, look at nothing that still comes. */
  #fail(error: WebSocketError): void {
    if (this.#state === 'closed' || this.#closing?.error !== undefined) return;
    const wasCloseSent = this.#closing?.isCloseSent ?? false;
    const closing = this.#beginClosing(this.#closing ?? new ClosingState('local'));
    closing.error = error;
    this.#reader?.stop();
    const output = this.#writeTo();
    // What was answered to frames before the bad one goes first, as far as the socket takes it at once.
    output.writer.flush();
    output.drop(error);
    if (!wasCloseSent) {
      this.#sendClose(closing, encodeClosePayload(error.closeCode, fitCloseReason(error.message)));
    }
    output.writer.endWhenEmpty();
    wheel.schedule(this.#heartbeat, Math.min(this.#options.closeTimeoutMs, FAULT_LINGER_MS));
    tellFault<WebSocketConnection>(this, error);
    output.writer.flush();
    this.#socket.resume();
  }

  /** Without a closing handshake. */
  #breakOff(initiator: 'local' | 'remote' | 'none', error: WebSocketError): void {
    if (this.#state === 'closed') return;
    this.#closing ??= new ClosingState(initiator);
    this.#closing.error ??= error;
    this.#state = 'closing';
    this.#reader?.stop();
    this.#socket.destroy();
  }

  #onDeadline(nowMs: number): number {
    if (this.#state !== 'open') {
      // With both Close frames exchanged, only TCP is late: that is no fault of the closing handshake.
      if (this.#closing?.isHandshakeDone) this.#socket.destroy();
      else this.#breakOff('local', connectionErrors.closeTimeout(this.#options));
      return -1;
    }
    const writer = this.#output?.writer;
    const error = this.#heartbeat.check(this.#options, writer, nowMs);
    if (error !== undefined) {
      // #fail has scheduled the next deadline.
      this.#fail(error);
      return -1;
    }
    // One ping at a time in a queue that does not move: more would tell the peer nothing.
    if (this.#options.heartbeatMs > 0 && writer?.hasUrgent !== true) this.ping();
    return this.#heartbeat.nextDelayMs(this.#options, writer, nowMs);
  }

  #onSocketClosed(): void {
    if (this.#state === 'closed') return;
    const closing = this.#closing ?? new ClosingState('none');
    if (!closing.isHandshakeDone) closing.error ??= connectionErrors.lost();
    this.#state = 'closed';
    wheel.remove(this.#heartbeat);
    this.#reader?.stop();
    this.#output?.destroy(closing.error);
    this.#deflate?.release();
    this.#closing = closing;
    tellClose<WebSocketConnection>(this, closing.toDetails());
  }

  #onData(chunk: Buffer): void {
    this.#heartbeat.lastAliveMs = wheel.now();
    if (this.#closing?.error !== undefined) return;
    this.#reader ??= new ConnectionReader(
      this,
      readerEvents,
      this.role,
      this.#options,
      this.#deflate,
      frameWatch(this),
    );
    if (this.#isPaused && this.#state === 'open') this.#reader.suspend();
    this.#reader.push(chunk);
  }

  /** TCP ended on the peer's side, and what came before is read: after the closing handshake as it should, or without a word. */
  #onEnd(): void {
    if (this.#closing === undefined) this.#beginClosing(new ClosingState('remote')).error = connectionErrors.lost();
    // What is queued still goes out, the rest of the closing handshake included; the deadline bounds it.
    this.#writeTo().writer.endWhenEmpty();
  }

  #onSocketError(cause: Error): void {
    if (this.#closing !== undefined) return;
    const error = connectionErrors.lost(cause);
    this.#beginClosing(new ClosingState('none', error));
    tellFault<WebSocketConnection>(this, error);
  }

  #holdBack(isHolding: boolean): void {
    this.#isHoldingBack = isHolding;
    if (isHolding) this.#socket.pause();
    else if (!(this.#isPaused && this.#state === 'open')) this.#socket.resume();
  }

  /** RFC 6455 §5.5.2: a ping is answered with its own payload, unless a Close frame was sent already. */
  #answerPing(payload: Buffer): void {
    if (this.#closing?.isCloseSent !== true) this.#writeTo().sendControl(Opcode.pong, payload);
  }

  #handlerFailed(cause: unknown): void {
    const error = connectionErrors.handlerFailed(cause);
    if (this.#state === 'open') this.#fail(error);
    else tellFault<WebSocketConnection>(this, error);
  }

  // What the shared objects may see of a connection, and nobody else.
  static {
    onDeadline = (connection, nowMs) => connection.#onDeadline(nowMs);
    access = {
      mayTell: (connection) =>
        connection.#state === 'open' ||
        (connection.#state === 'closing' && !connection.#isPaused && connection.#closing?.error === undefined),
      handlerFailed: (connection, cause) => connection.#handlerFailed(cause),
      answerPing: (connection, payload) => connection.#answerPing(payload),
      onCloseFrame: (connection, payload) => connection.#onCloseFrame(payload),
      onEnd: (connection) => connection.#onEnd(),
      fail: (connection, error) => connection.#fail(error),
      holdBack: (connection, isHolding) => connection.#holdBack(isHolding),
    };
    outputEvents = {
      now: () => wheel.now(),
      onOverflow: (connection) => connection.#fail(connectionErrors.sendQueueFull(connection.#options)),
      onWriteError: (connection, cause) => connection.#breakOff('none', connectionErrors.lost(cause)),
      onDrain: (connection) => tell(access, connection, (handler) => handler.onDrain?.(connection)),
    };
    bindSocket = socketBinder<WebSocketConnection>({
      onData: (connection, chunk) => connection.#onData(chunk),
      onEnd: (connection) => (connection.#reader === undefined ? connection.#onEnd() : connection.#reader.end()),
      onError: (connection, cause) => connection.#onSocketError(cause),
      onClosed: (connection) => connection.#onSocketClosed(),
    });
  }
}

const wheel = new TimerWheel<Heartbeat<WebSocketConnection>>((heartbeat, nowMs) => onDeadline(heartbeat.owner, nowMs));
const readerEvents = readerEventsFor(access);
