// Node: the engine of this project as WebSocket (Node 20 has none), timers, and memory for the device id.

import { StandardCloseCode } from '@longwire/protocol';
import { dial, resolveWebSocketOptions, type WebSocketConnection } from '@longwire/websocket';
import { memoryDeviceStore } from '../connection/device-ids.js';
import type { ClientSocket, Platform, SocketListener } from './platform.js';
import { fillRandom, startTimer } from './web-apis.js';

const options = resolveWebSocketOptions({
  // `connected` brings the last entries of 200 channels, each of up to `limits.bodyBytes`.
  maxMessageBytes: 64 * 1024 * 1024,
  // As many sends as may be in flight, of the largest size, fit twice.
  maxBufferedBytes: 32 * 1024 * 1024,
  // The client has a heartbeat of its own, which works in browsers too.
  heartbeatMs: 0,
});

export const platform: Platform = {
  clock: { now: () => Date.now(), startTimer },
  fillRandom,
  openSocket: (url, subprotocol, listener) => new DialledSocket(url, subprotocol, listener),
  defaultDeviceStore: memoryDeviceStore,
  pageUrl: () => undefined,
  // Nothing tells Node of these; the heartbeat notices.
  onWake: () => () => undefined,
  reportUncaught: (error) => process.emitWarning(error instanceof Error ? error : String(error), 'LongwireWarning'),
};

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
      (error: unknown) =>
        this.#end(StandardCloseCode.abnormalClosure, error instanceof Error ? error.message : String(error)),
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

  /** The first message may come before the promise of `dial` has been waited for. */
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
