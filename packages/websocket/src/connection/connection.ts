// One live connection of either role: joins input, output, heartbeat and closing over a socket.
import type { Duplex } from 'node:stream';
import { WebSocketCloseCode } from '../close-codes.js';
import type { WebSocketError } from '../errors.js';
import type { PerMessageDeflate } from '../extension/permessage-deflate.js';
import { Opcode, type Role } from '../frame/opcode.js';
import type { MessageKind } from '../message/assembler.js';
import { type ClosePayload, encodeClosePayload } from '../message/close-payload.js';
import { assertControlPayload } from '../message/control-payload.js';
import type { PreparedMessage } from '../message/prepared-message.js';
import type { ResolvedWebSocketOptions } from '../options.js';
import type { ConnectionSetup, HandlerOf, ReadyState } from './connection-setup.js';
import { frameWatch } from './frame-watch.js';
import { ConnectionReader } from './input/connection-reader.js';
import { type ConnectionAccess, notify, notifyClose, notifyError, readerEventsFor } from './input/handler-calls.js';
import { type CloseOptions, ClosingHandshake } from './lifecycle/closing-handshake.js';
import { connectionErrors } from './lifecycle/connection-errors.js';
import { Heartbeat } from './lifecycle/heartbeat.js';
import { type SocketBinder, socketBinder } from './lifecycle/socket-binding.js';
import { TimerWheel } from './lifecycle/timer-wheel.js';
import { ConnectionOutput, type MessageOptions, type OutputEvents } from './output/connection-output.js';
import type { FragmentWriter } from './output/fragment-writer.js';
import type { TurnBuffer } from './output/turn-buffer.js';

// After a fault, the time the peer has to read our Close frame and close: a hostile one holds its socket below a second.
const FAULT_LINGER_MS = 900;
const NO_BYTES = Buffer.alloc(0);

/** The callbacks of a connection: see `HandlerOf` for each of them. One object may serve all connections. */
export type ConnectionHandler = HandlerOf<WebSocketConnection>;

// Shared by all connections and set by the class itself, so that its private members stay private.
let onDeadline: (connection: WebSocketConnection, nowMs: number) => number;
let outputEvents: OutputEvents<WebSocketConnection>;
let access: ConnectionAccess<WebSocketConnection>;
let bindSocket: SocketBinder<WebSocketConnection>;

/**
 * One WebSocket connection, server or client. Sends never block: they queue, keep their order, and are written once at the
 * end of the event-loop turn. Every event is reported to `handler`; a send only throws `invalid_payload`, for a payload of the
 * wrong type, and queues nothing then.
 */
export class WebSocketConnection {
  readonly role: Role;
  /** Negotiated subprotocol; empty if none. */
  readonly subprotocol: string;
  /** Negotiated extensions as in the header; empty if none. */
  readonly extensions: string;
  /** May be replaced at any time; the next event is reported to the new one. */
  handler: ConnectionHandler;
  /** Free for the owner of the connection: its own state, reached without a look-up. */
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
  #output: ConnectionOutput<WebSocketConnection> | undefined;
  #closing: ClosingHandshake | undefined;
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
    const nowMs = wheel.now();
    this.#heartbeat = new Heartbeat(this, nowMs);
    const firstCheckMs = this.#heartbeat.nextDelayMs(setup.options, undefined, nowMs);
    if (firstCheckMs >= 0) wheel.schedule(this.#heartbeat, firstCheckMs, nowMs);
    bindSocket(this, setup.socket, setup.head);
  }

  get state(): ReadyState {
    return this.#state;
  }

  /** Bytes queued here, and those handed to the socket that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#output?.bufferedBytes ?? 0;
  }

  /** When a byte was last received, or the send queue last moved; milliseconds since this process started. */
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
   * copied; a server writes larger data without copying: do not change it before the operating system has taken it.
   */
  sendBinary(data: Uint8Array, options?: MessageOptions): boolean {
    return this.#state === 'open' && this.#writeTo().sendBinary(data, options?.compress !== false);
  }

  /** Queues a message that was encoded once for many connections. Returns false once the connection has begun to close. */
  sendPrepared(message: PreparedMessage): boolean {
    return this.#state === 'open' && this.#writeTo().sendPrepared(message);
  }

  /**
   * Gets what is appended to `turn`, as if by `sendPrepared`, until the end of the turn or until something else is queued here.
   * @returns false if it does not: a limit is too near for `messageBytes` more, above all `maxBufferedBytes` for `bufferedBytes`;
   *   or it cannot share output (a client, a compressor with context, a streamed message in progress, closing)
   */
  follow<R>(turn: TurnBuffer<R>, receiver: R, messageBytes: number, maxBufferedBytes: number): boolean {
    return this.#state === 'open' && this.#writeTo().follow(turn, receiver, messageBytes, maxBufferedBytes);
  }

  /** Stops following `turn`, or whatever it follows; what was appended so far is sent. */
  unfollow<R>(turn?: TurnBuffer<R>): void {
    this.#output?.unfollow(turn);
  }

  /** As `sendText`; resolves when the operating system has taken it. Rejects with `connection_ended` if it never does. */
  async sendTextAsync(text: string, options?: MessageOptions): Promise<void> {
    return this.#whenWritten(this.sendText(text, options));
  }

  /** As `sendBinary`; resolves when the operating system has taken it. Rejects with `connection_ended` if it never does. */
  async sendBinaryAsync(data: Uint8Array, options?: MessageOptions): Promise<void> {
    return this.#whenWritten(this.sendBinary(data, options));
  }

  /** As `sendPrepared`; resolves when the operating system has taken it. Rejects with `connection_ended` if it never does. */
  async sendPreparedAsync(message: PreparedMessage): Promise<void> {
    return this.#whenWritten(this.sendPrepared(message));
  }

  /** Starts a message of unknown length. Messages sent after this wait for its end; control frames do not. */
  startMessage(kind: MessageKind): FragmentWriter {
    const output = this.#writeTo();
    if (this.#state !== 'open') output.dropStreams();
    return output.startMessage(kind);
  }

  /**
   * Sends a ping ahead of queued messages. Returns false once the connection has begun to close.
   * @throws WebSocketError `invalid_payload` for more than 125 bytes, or for anything but a Uint8Array
   */
  ping(payload: Uint8Array = NO_BYTES): boolean {
    assertControlPayload(payload);
    return this.#state === 'open' && this.#writeTo().sendControl(Opcode.ping, payload);
  }

  /** Sends an unsolicited pong (RFC 6455 §5.5.3); pings are answered without it. Otherwise as `ping`. */
  pong(payload: Uint8Array = NO_BYTES): boolean {
    assertControlPayload(payload);
    return this.#state === 'open' && this.#writeTo().sendControl(Opcode.pong, payload);
  }

  /**
   * Starts the closing handshake: queued messages are sent, then the Close frame. `onClose` follows when TCP has ended, at the
   * latest after closeTimeoutMs. A streamed message that has not ended is dropped. Does nothing if closing has begun.
   * @param reason at most 123 bytes of UTF-8
   * @throws WebSocketError `invalid_close_code`, `invalid_close_reason`
   */
  close(code: number = WebSocketCloseCode.normal, reason = '', options?: CloseOptions): void {
    const payload = encodeClosePayload(code, reason);
    if (this.#state !== 'open') return;
    const closing = this.#beginClosing('local');
    if (options?.dropQueued === true) this.#output?.drop(connectionErrors.ended(undefined));
    closing.send(this.#writeTo(), payload);
    // While paused nothing is reported to the handler, but the peer's Close frame must be read.
    if (this.#isPaused) this.#readOn();
  }

  /** Closes TCP at once, without a closing handshake. `onClose` follows with 1006. */
  terminate(): void {
    this.#breakOff('local', connectionErrors.terminated());
  }

  /** Stops reading: only errors follow, and the end if all input was read. The peer's silence does not count meanwhile. */
  pause(): void {
    if (this.#isPaused || this.#state !== 'open') return;
    this.#isPaused = true;
    this.#heartbeat.notePause(wheel.now());
    this.#reader?.suspend();
    this.#socket.pause();
  }

  /** Continues reading, beginning with what has already arrived. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#readOn();
  }

  /** Writes what is queued at once, instead of at the end of the turn. */
  flush(): void {
    this.#output?.writer.flush();
  }

  /** Holds back what is sent from here on until `release`, also over turns. Control frames and awaited sends release it earlier. */
  hold(): void {
    this.#writeTo().writer.hold();
  }

  /** Ends one `hold`; the last one writes what was held back. */
  release(): void {
    this.#output?.writer.release();
  }

  #writeTo(): ConnectionOutput<WebSocketConnection> {
    this.#output ??= new ConnectionOutput(this, outputEvents, this.role, this.#socket, this.#options, this.#deflate);
    return this.#output;
  }

  #whenWritten(isQueued: boolean): Promise<void> {
    return isQueued ? this.#writeTo().whenAllWritten() : Promise.reject(connectionErrors.ended(this.#closing?.error));
  }

  #readOn(): void {
    this.#heartbeat.noteResume(wheel.now());
    this.#reader?.resume();
    // The handler may have paused again, or the reader may still hold the socket back.
    if (!this.#isHoldingBack && !(this.#isPaused && this.#state === 'open')) this.#socket.resume();
  }

  #beginClosing(initiator: ClosingHandshake['initiator'], error?: WebSocketError): ClosingHandshake {
    const closing = new ClosingHandshake(initiator, error);
    this.#state = 'closing';
    this.#closing = closing;
    this.#output?.writer.endTail();
    wheel.schedule(this.#heartbeat, this.#options.closeTimeoutMs);
    return closing;
  }

  #onCloseFrame(received: ClosePayload): void {
    const closing = this.#closing ?? this.#beginClosing('remote');
    closing.receive(received, this.#writeTo(), this.role);
    // Data is discarded from here on, but the end of TCP must be noticed.
    this.#socket.resume();
  }

  /** Sends the reason, closes TCP, discards what is still received. */
  #fail(error: WebSocketError): void {
    if (this.#state === 'closed' || this.#closing?.error !== undefined) return;
    const closing = this.#closing ?? this.#beginClosing('local');
    this.#reader?.stop();
    const output = this.#writeTo();
    closing.fail(error, output);
    wheel.schedule(this.#heartbeat, Math.min(this.#options.closeTimeoutMs, FAULT_LINGER_MS));
    notifyError<WebSocketConnection>(this, error);
    output.writer.flush();
    this.#socket.resume();
  }

  /** Without a closing handshake. */
  #breakOff(initiator: 'local' | 'remote' | 'none', error: WebSocketError): void {
    if (this.#state === 'closed') return;
    const closing = this.#closing ?? this.#beginClosing(initiator);
    closing.error ??= error;
    this.#reader?.stop();
    this.#socket.destroy();
  }

  #onDeadline(nowMs: number): number {
    if (this.#state !== 'open') {
      // Both Close frames were exchanged and only TCP is late: the closing handshake did not fail.
      if (this.#closing?.isDone) this.#socket.destroy();
      else this.#breakOff('local', connectionErrors.closeTimeout(this.#options));
      return -1;
    }
    const writer = this.#output?.writer;
    const error = this.#heartbeat.check(this.#options, this.#socket, writer, nowMs);
    if (error !== undefined) {
      // #fail has scheduled the next deadline.
      this.#fail(error);
      return -1;
    }
    // One ping at a time in a queue that does not move: a second one would achieve nothing.
    if (this.#heartbeat.takePing(this.#options, nowMs) && writer?.hasUrgent !== true) this.ping();
    return this.#heartbeat.nextDelayMs(this.#options, writer, nowMs);
  }

  #onSocketClosed(): void {
    if (this.#state === 'closed') return;
    const closing = this.#closing ?? new ClosingHandshake('none');
    if (!closing.isDone) closing.error ??= connectionErrors.lost();
    this.#state = 'closed';
    wheel.remove(this.#heartbeat);
    this.#reader?.stop();
    this.#output?.destroy(closing.error);
    this.#deflate?.release();
    this.#closing = closing;
    notifyClose<WebSocketConnection>(this, closing.toDetails());
  }

  #onData(chunk: Buffer): void {
    this.#heartbeat.lastAliveMs = wheel.now();
    if (this.#closing?.error !== undefined) return;
    this.#reader ??= new ConnectionReader(this, readerEvents, this.role, this.#options, this.#deflate);
    if (this.#isPaused && this.#state === 'open') this.#reader.suspend();
    this.#reader.push(chunk);
  }

  /** The peer has ended its side of TCP, after the closing handshake or without one, and all its data has been read. */
  #onEnd(): void {
    if (this.#closing === undefined) this.#beginClosing('remote', connectionErrors.lost());
    // What is queued is still sent, the rest of the closing handshake included, within the deadline.
    this.#writeTo().writer.endWhenEmpty();
  }

  #onSocketError(cause: Error): void {
    if (this.#closing !== undefined) return;
    const error = connectionErrors.lost(cause);
    this.#beginClosing('none', error);
    notifyError<WebSocketConnection>(this, error);
  }

  #holdBack(isHolding: boolean): void {
    this.#isHoldingBack = isHolding;
    if (isHolding) this.#socket.pause();
    else if (!(this.#isPaused && this.#state === 'open')) this.#socket.resume();
  }

  /** RFC 6455 §5.5.2: a ping is answered with its own payload, unless a Close frame was already sent. */
  #answerPing(payload: Buffer): void {
    if (this.#closing?.isCloseSent !== true) this.#writeTo().sendControl(Opcode.pong, payload);
  }

  #handlerFailed(cause: unknown): void {
    const error = connectionErrors.handlerFailed(cause);
    if (this.#state === 'open') this.#fail(error);
    else notifyError<WebSocketConnection>(this, error);
  }

  // What the shared objects above may access.
  static {
    onDeadline = (connection, nowMs) => connection.#onDeadline(nowMs);
    access = {
      mayNotify: (connection) =>
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
      frameWatch,
      now: () => wheel.now(),
      onOverflow: (connection) => connection.#fail(connectionErrors.sendQueueFull(connection.#options)),
      onWriteError: (connection, cause) => connection.#breakOff('none', connectionErrors.lost(cause)),
      onDrain: (connection) => notify(access, connection, (handler) => handler.onDrain?.(connection)),
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
