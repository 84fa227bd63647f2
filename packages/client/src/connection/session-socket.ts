// One attempt at a connection: from the socket to the `connected` of the server, then the stream of its messages.

import {
  CloseCode,
  type ConnectedAnswer,
  decodeServerMessage,
  type ErrorFields,
  reconnectRule,
  type ServerMessage,
  StandardCloseCode,
  subprotocol,
} from '@longwire/protocol';
import type { ClientSocket, Platform, PlatformClock, PlatformTimer } from '../platform/platform.js';

/** How an attempt ended. */
export interface SessionEnd {
  readonly code: number;
  readonly reason: string;
  /** What the server asked to wait before coming back. */
  readonly afterMs: number | undefined;
}

export interface SessionSocketPort {
  /** The text of the `connect` command with this id. */
  connectText(id: number): string;
  onConnected(answer: ConnectedAnswer): void;
  /** The server refused the `connect`; a close follows. */
  onRefused(error: ErrorFields): void;
  /** Everything after `connected`. @param size  characters of the text */
  onMessage(message: ServerMessage, size: number): void;
  /** Exactly once, last. */
  onEnd(end: SessionEnd): void;
}

export interface SessionSocketOptions {
  readonly url: string;
  /** Up to `connected`. */
  readonly timeoutMs: number;
  readonly connectId: number;
  readonly keepBodyText: boolean;
}

// The server closes after a refusal; one that does not is not waited for.
const REFUSED_CLOSE_MS = 2000;
const LINGER_MS = 2000;

export class SessionSocket {
  readonly #port: SessionSocketPort;
  readonly #clock: PlatformClock;
  readonly #options: SessionSocketOptions;
  readonly #socket: ClientSocket;
  #timer: PlatformTimer | undefined;
  #lingering: PlatformTimer | undefined;
  #isConnected = false;
  #isEnded = false;
  #afterMs: number | undefined;

  constructor(
    port: SessionSocketPort,
    platform: Pick<Platform, 'clock' | 'openSocket'>,
    options: SessionSocketOptions,
  ) {
    this.#port = port;
    this.#clock = platform.clock;
    this.#options = options;
    this.#endAfter(options.timeoutMs, StandardCloseCode.abnormalClosure, `No sign-in within ${options.timeoutMs} ms`);
    this.#socket = platform.openSocket(options.url, subprotocol, {
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onText(text),
      onClose: (code, reason) => {
        this.#lingering?.cancel();
        this.#end(code, reason);
      },
    });
  }

  send(text: string): void {
    if (!this.#isEnded) this.#socket.send(text);
  }

  /** Ends it from here, at once: the peer is told if it still listens, but not waited for. */
  drop(code: number, reason: string): void {
    if (this.#isEnded) return;
    // A dead peer answers no close frame: what is left of the socket goes when the closing handshake has had its time.
    this.#lingering = this.#clock.startTimer(LINGER_MS, () => this.#socket.terminate());
    this.#socket.close(code, '');
    this.#end(code, reason);
  }

  /** Closes in order: what was sent goes out, then the closing handshake. `onEnd` is called within `withinMs`. */
  close(withinMs: number): void {
    if (this.#isEnded) return;
    this.#endAfter(withinMs, StandardCloseCode.abnormalClosure, 'The server did not answer the close');
    this.#socket.close(StandardCloseCode.normal, '');
  }

  #onOpen(): void {
    this.send(this.#port.connectText(this.#options.connectId));
  }

  #onText(text: string): void {
    if (this.#isEnded) return;
    const message = decodeServerMessage(text, this.#options);
    if (message.kind === 'push' && message.push.type === 'goodbye')
      this.#afterMs = message.push.afterMs ?? this.#afterMs;
    if (this.#isConnected) {
      this.#port.onMessage(message, text.length);
      return;
    }
    if (message.kind !== 'answer' || message.answer.re !== this.#options.connectId) return;
    const { answer } = message;
    if (answer.type === 'connected') {
      this.#isConnected = true;
      this.#cancelTimer();
      this.#port.onConnected(answer);
    } else if (answer.type === 'error') {
      this.#afterMs ??= answer.afterMs;
      this.#endAfter(REFUSED_CLOSE_MS, closeCodeOf(answer), answer.message);
      this.#port.onRefused(answer);
    }
  }

  #endAfter(delayMs: number, code: number, reason: string): void {
    this.#cancelTimer();
    this.#timer = this.#clock.startTimer(delayMs, () => {
      this.#socket.terminate();
      this.#end(code, reason);
    });
  }

  #end(code: number, reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimer();
    this.#port.onEnd({ code, reason: reason === '' ? describeClose(code) : reason, afterMs: this.#afterMs });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** The close code that the server would have sent after it refused a `connect`. */
function closeCodeOf(error: ErrorFields): number {
  if (error.code === 'token_expired') return CloseCode.tokenExpired;
  if (error.retryable) return CloseCode.overload;
  return error.code === 'unauthenticated' || error.code === 'forbidden' ? CloseCode.badToken : CloseCode.protocolError;
}

function describeClose(code: number): string {
  if (code === StandardCloseCode.abnormalClosure) return 'The connection ended without a close frame';
  return reconnectRule(code) === 'no'
    ? `The server ended the session (${code})`
    : `The connection was closed (${code})`;
}
