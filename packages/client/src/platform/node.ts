// Node: the engine of this project as WebSocket (Node 20 has none), timers, and warnings of the process.

import { StandardCloseCode } from '@longwire/protocol';
import { dial, resolveWebSocketOptions, type WebSocketConnection, WebSocketError } from '@longwire/websocket';
import { LongwireError } from '../errors.js';
import type { ClientSocket, Platform, SocketListener } from './platform.js';
import { fillRandom, startTimer } from './web-apis.js';

const options = resolveWebSocketOptions({
  // `connected` has the last entries of 200 channels, each of up to `limits.bodyBytes`.
  maxMessageBytes: 64 * 1024 * 1024,
  // Twice as many bytes as the largest sends that may be in flight.
  maxBufferedBytes: 32 * 1024 * 1024,
  // The client checks the connection itself, as it does in browsers.
  heartbeatMs: 0,
});

const warned = new Set<string>();

export const platform: Platform = {
  clock: { now: () => Date.now(), startTimer },
  fillRandom,
  openSocket: (url, subprotocol, listener) => new DialledSocket(url, subprotocol, listener),
  // A file would have to be named: see fileDeviceStore.
  defaultDeviceStore: () => undefined,
  pageUrl: () => undefined,
  // Node has no such events; the liveness check notices a dead connection.
  onWake: () => () => undefined,
  reportUncaught,
  warn: (message) => {
    // Once per process: a program may have many clients.
    if (warned.has(message)) return;
    warned.add(message);
    process.emitWarning(message, 'LongwireWarning');
  },
};

/** Node prints only the message of a warning; the stack that helps is that of the cause, in the code of the app. */
function reportUncaught(error: unknown): void {
  const source = error instanceof LongwireError ? error.cause : error;
  process.emitWarning(error instanceof Error ? error.message : String(error), {
    type: 'LongwireWarning',
    ...(error instanceof LongwireError && { code: error.code }),
    ...(source instanceof Error && source.stack !== undefined && { detail: source.stack }),
  });
}

class DialledSocket implements ClientSocket {
  readonly #listener: SocketListener;
  readonly #abort = new AbortController();
  #connection: WebSocketConnection | undefined;
  #isOver = false;

  constructor(url: string, subprotocol: string, listener: SocketListener) {
    this.#listener = listener;
    const dialled = dial(url, {
      options,
      subprotocols: [subprotocol],
      signal: this.#abort.signal,
      handler: {
        onText: (connection, text) => {
          this.#open(connection);
          this.#listener.onText(text);
        },
        onClose: (_, { code, reason, error }) => this.#end(code, reason === '' ? (error?.message ?? '') : reason),
      },
    });
    dialled.then(
      (connection) => this.#open(connection),
      (error: unknown) => this.#end(StandardCloseCode.abnormalClosure, describeFailure(error)),
    );
  }

  send(text: string): void {
    this.#connection?.sendText(text);
  }

  close(code: number, reason: string): void {
    if (this.#connection === undefined) this.#abort.abort();
    else this.#connection.close(code, reason);
  }

  terminate(): void {
    if (this.#connection === undefined) this.#abort.abort();
    else this.#connection.terminate();
  }

  /** The first message may arrive before the promise of `dial` has called back. */
  #open(connection: WebSocketConnection): void {
    if (this.#connection !== undefined) return;
    this.#connection = connection;
    if (this.#abort.signal.aborted) connection.terminate();
    else if (!this.#isOver) this.#listener.onOpen();
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onClose(code, reason);
  }
}

const adviceByStatus: Readonly<Record<number, string>> = {
  400: 'it does not accept this handshake; check that the URL is that of a Longwire server',
  401: 'a proxy on the way asks for credentials',
  403: 'it, or a proxy on the way, refuses this client; check the log of the server, its --allowed-origins, and the headers that proxies add',
  404: 'it has no WebSocket at this path; check the URL, and that proxies on the way forward this path',
  426: 'a proxy on the way does not forward WebSocket upgrades',
  502: 'a proxy on the way cannot reach the server',
  503: 'it is overloaded or stopping',
  504: 'a proxy on the way cannot reach the server',
};

/** Why a connection could not be made, and what to check. */
function describeFailure(error: unknown): string {
  if (!(error instanceof WebSocketError)) return String(error);
  const { message, status } = error;
  if (status === undefined) return message;
  const advice = adviceByStatus[status] ?? 'check the URL, and proxies on the way';
  return `The handshake was refused: ${message}: ${advice}`;
}
