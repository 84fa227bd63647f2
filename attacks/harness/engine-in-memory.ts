// An accepted connection of the engine without a socket: bytes in, events and bytes out. For very many short lives.

import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { settled } from '@longwire/test-support/until';
import {
  accept,
  type CloseDetails,
  type ConnectionHandler,
  type ResolvedWebSocketOptions,
  WebSocketConnection,
} from '@longwire/websocket';

const HANDSHAKE = [
  ...['Host', '127.0.0.1', 'Upgrade', 'websocket', 'Connection', 'Upgrade'],
  ...['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13'],
];

/** The peer's end of the line is this program. */
class MemorySocket extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.written.push(chunk);
    done();
  }

  // RFC 6455 §7.1.1: the server ends TCP; the peer follows at once.
  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }
}

export class EngineInMemory implements ConnectionHandler {
  readonly connection: WebSocketConnection;
  /** Whole messages, in order. */
  readonly messages: (string | Buffer)[] = [];
  readonly closes: CloseDetails[] = [];
  readonly #socket = new MemorySocket();

  /** @param extensions what the peer offers, e.g. `permessage-deflate` */
  constructor(options: ResolvedWebSocketOptions, extensions?: string) {
    const rawHeaders = extensions === undefined ? HANDSHAKE : [...HANDSHAKE, 'Sec-WebSocket-Extensions', extensions];
    const request = { method: 'GET', httpVersion: '1.1', rawHeaders } as unknown as IncomingMessage;
    const accepted = accept(request, this.#socket, Buffer.alloc(0), { options, handler: this });
    if (!(accepted instanceof WebSocketConnection)) throw new Error(`refused with ${accepted.status}`);
    this.connection = accepted;
  }

  onText(_connection: WebSocketConnection, text: string): void {
    this.messages.push(text);
  }

  onBinary(_connection: WebSocketConnection, data: Uint8Array): void {
    this.messages.push(Buffer.from(data));
  }

  onClose(_connection: WebSocketConnection, close: CloseDetails): void {
    this.closes.push(close);
  }

  /** What was written behind the answer to the handshake. */
  get written(): Buffer {
    const all = Buffer.concat(this.#socket.written);
    return all.subarray(all.indexOf('\r\n\r\n') + 4);
  }

  feed(bytes: Uint8Array): void {
    if (!this.#socket.readableEnded && !this.#socket.destroyed) this.#socket.push(bytes);
  }

  /** Lets everything run that was fed, then ends the line. */
  async finish(): Promise<void> {
    for (let turns = 0; turns < 4; turns++) await settled();
    if (!this.#socket.destroyed) this.#socket.destroy();
    await settled();
  }
}
