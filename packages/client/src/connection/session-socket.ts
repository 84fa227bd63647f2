// One WebSocket: from opening it to `connected`, then the stream of the server's messages.

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

/** How the session, or the attempt, ended. */
export interface SessionEnd {
  readonly code: number;
  readonly reason: string;
  /** The wait before a reconnect that the server asked for. */
  readonly afterMs: number | undefined;
}

export interface SessionSocketPort {
  /** The text of the `connect` command with this id. */
  connectText(id: number): string;
  onConnected(answer: ConnectedAnswer): void;
  /** The server refused the `connect`; a close follows. */
  onRefused(error: ErrorFields): void;
  /** Every message after `connected`. @param size  in characters of wire text */
  onMessage(message: ServerMessage, size: number): void;
  /** Called exactly once, last. */
  onEnd(end: SessionEnd): void;
}

export interface SessionSocketOptions {
  readonly url: string;
  /** The time until `connected`. */
  readonly timeoutMs: number;
  readonly connectId: number;
  readonly keepBodyText: boolean;
}

// How long to wait for the server's close after it refused the `connect`.
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
  /** The server may send several objects in one text message. */
  #isBatching = false;
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

  /** Ends it at once: sends a close frame, and does not wait for the answer. */
  drop(code: number, reason: string): void {
    if (this.#isEnded) return;
    // A dead peer does not answer the close frame: after the time for the closing handshake, the socket is dropped.
    this.#lingering = this.#clock.startTimer(LINGER_MS, () => this.#socket.terminate());
    this.#socket.close(code, '');
    this.#end(code, reason);
  }

  /** Closes after everything sent before, with the closing handshake. `onEnd` is called within `withinMs`. */
  close(withinMs: number): void {
    if (this.#isEnded) return;
    this.#endAfter(withinMs, StandardCloseCode.abnormalClosure, 'The server did not answer the close');
    this.#socket.close(StandardCloseCode.normal, '');
  }

  #onOpen(): void {
    this.send(this.#port.connectText(this.#options.connectId));
  }

  #onText(text: string): void {
    let start = 0;
    let end = this.#isBatching ? text.indexOf('\n') : -1;
    for (; end >= 0; end = text.indexOf('\n', start)) {
      this.#onObject(text.slice(start, end));
      start = end + 1;
    }
    this.#onObject(start === 0 ? text : text.slice(start));
  }

  #onObject(text: string): void {
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
      this.#isBatching = answer.features.includes('batch');
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

/** The close code that the server should send after it refused a `connect`: `closeCode` of `errorCatalogue`. */
function closeCodeOf(error: ErrorFields): number {
  switch (error.code) {
    case 'token_expired':
      return CloseCode.tokenExpired;
    case 'unauthenticated':
      return CloseCode.badToken;
    case 'forbidden':
      return CloseCode.revoked;
    case 'quota_exceeded':
      return CloseCode.sessionLimit;
    default:
      return error.retryable ? CloseCode.internal : CloseCode.protocolError;
  }
}

function describeClose(code: number): string {
  if (code === StandardCloseCode.abnormalClosure) return 'The connection ended without a close frame';
  return reconnectRule(code) === 'no'
    ? `The server ended the session (${code})`
    : `The connection was closed (${code})`;
}
