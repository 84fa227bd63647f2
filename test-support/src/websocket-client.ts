// A client of plain WebSocket endpoints over `ws`, another implementation than ours, that keeps every message in order.

import { randomUUID } from 'node:crypto';
import { type ClientOptions, WebSocket } from 'ws';
import { until } from './until.js';

export interface WebSocketClientOptions extends ClientOptions {
  readonly protocols?: string[];
}

export class WebSocketClient {
  readonly socket: WebSocket;
  /** Text as strings, binary as buffers. */
  readonly messages: (string | Buffer)[] = [];
  /** Rejects with the status, if the server refuses the upgrade. */
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  /** Resolves when the connection is open. */
  static async connect(url: string, options: WebSocketClientOptions = {}): Promise<WebSocketClient> {
    const client = new WebSocketClient(url, options);
    await client.opened;
    return client;
  }

  constructor(url: string, { protocols = [], ...options }: WebSocketClientOptions = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data, isBinary) => this.messages.push(isBinary ? (data as Buffer) : String(data)));
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    this.socket.on('error', () => {});
  }

  /** Every message as a text. */
  get texts(): string[] {
    return this.messages.map(String);
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** Resolves with all messages once at least `count` have come. */
  async received(count: number): Promise<(string | Buffer)[]> {
    await until(
      () => this.messages.length >= count,
      () => `${count} messages; ${this.messages.length} have come`,
    );
    return this.messages;
  }

  /** Resolves with the texts of the first `count` messages once they have come. */
  async first(count: number): Promise<string[]> {
    return (await this.received(count)).slice(0, count).map(String);
  }

  /** A round trip: everything that the server sent before is here, everything that this client sent before was read. */
  async settled(): Promise<void> {
    let isAnswered = false;
    void this.#answered().then(() => {
      isAnswered = true;
    });
    await until(() => isAnswered, 'a pong');
  }

  /** False when the server does not read from this client: a ping is not answered within the time. */
  async isRead(withinMs = 150): Promise<boolean> {
    const answered = this.#answered();
    return Promise.race([
      answered.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), withinMs)),
    ]);
  }

  /** Resolves with the pong to a ping of its own: an earlier ping may still be unanswered. */
  #answered(): Promise<void> {
    const payload = randomUUID();
    return new Promise((resolve) => {
      const listen = (data: Buffer): void => {
        if (String(data) !== payload) return;
        this.socket.off('pong', listen);
        resolve();
      };
      this.socket.on('pong', listen);
      this.socket.ping(payload);
    });
  }

  /** Closes and resolves when the connection is over. */
  async close(code = 1000): Promise<{ readonly code: number; readonly reason: string }> {
    this.socket.close(code);
    return this.closed;
  }
}
