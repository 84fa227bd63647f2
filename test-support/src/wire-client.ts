// A client that speaks longwire.v1.json by hand over `ws`, for tests that look at the wire itself.

import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { until } from './until.js';

export interface WireMessage {
  readonly type: string;
  readonly re?: string | number;
  readonly [field: string]: unknown;
}

export class WireClient {
  /** Everything that came, in order; texts that are not JSON objects as `{type: text}`. */
  readonly received: WireMessage[] = [];
  readonly socket: WebSocket;
  /** Text messages, which are fewer than objects if `connect` asked for batches. */
  textCount = 0;
  #takesBatches = false;
  closed: { readonly code: number; readonly reason: string } | undefined;
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.textCount += 1;
      for (const text of this.#takesBatches ? String(data).split('\n') : [String(data)]) {
        this.received.push(text.startsWith('{') ? (JSON.parse(text) as WireMessage) : { type: text });
      }
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    socket.on('error', () => {});
  }

  /** Resolves when the upgrade is done. */
  static async open(
    url: string,
    options: ClientOptions = {},
    protocols: string[] = ['longwire.v1.json'],
  ): Promise<WireClient> {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    const client = new WireClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Upgrades and signs in. */
  static async signIn(url: string, user: string, connect: object = {}): Promise<WireClient> {
    const client = await WireClient.open(url);
    client.#takesBatches = 'batch' in connect && connect.batch === true;
    await client.ask({ type: 'connect', token: `dev:${user}`, ...connect });
    return client;
  }

  say(text: string | object): void {
    this.socket.send(typeof text === 'string' ? text : JSON.stringify(text));
  }

  /** Sends a command with an id of its own and resolves with its answer, also if that is an error. */
  async ask(command: object): Promise<WireMessage> {
    const id = this.#nextId++;
    this.say({ id, ...command });
    return this.find((message) => message.re === id);
  }

  /** The first message, past or coming, that matches. */
  find(matches: (message: WireMessage) => boolean): Promise<WireMessage> {
    return this.until(() => this.received.find(matches)) as Promise<WireMessage>;
  }

  ofType(type: string): WireMessage[] {
    return this.received.filter((message) => message.type === type);
  }

  /** Resolves once `wanted` messages of a type have come. */
  async count(type: string, wanted: number): Promise<WireMessage[]> {
    await this.until(() => this.ofType(type).length >= wanted);
    return this.ofType(type);
  }

  /** As {@link until}; the error shows what came. */
  until<Value>(condition: () => Value) {
    const latest = () => `${condition}; received ${JSON.stringify(this.received.slice(-5))}`;
    return until(condition, () => `${latest()}, closed ${JSON.stringify(this.closed)}`);
  }

  async end(): Promise<void> {
    this.socket.close();
    await this.whenClosed();
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.socket.terminate();
  }

  whenClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.until(() => this.closed) as Promise<{ readonly code: number; readonly reason: string }>;
  }
}
