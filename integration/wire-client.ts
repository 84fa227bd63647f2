// A client that speaks longwire.v1.json by hand over `ws`, for tests that look at the wire itself.

import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

export interface WireMessage {
  readonly type: string;
  readonly re?: string | number;
  readonly [field: string]: unknown;
}

const WAIT_MS = 10_000;

export class WireClient {
  /** Everything that came, in order; texts that are no JSON as `{type: text}`. */
  readonly received: WireMessage[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | undefined;
  #nextId = 1;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const text = String(data);
      this.received.push(text.startsWith('{') ? (JSON.parse(text) as WireMessage) : { type: text });
      this.#wakeAll();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#wakeAll();
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
  async find(matches: (message: WireMessage) => boolean): Promise<WireMessage> {
    let found: WireMessage | undefined;
    await this.until(() => {
      found = this.received.find(matches);
      return found !== undefined;
    });
    return found as WireMessage;
  }

  ofType(type: string): WireMessage[] {
    return this.received.filter((message) => message.type === type);
  }

  /** Resolves once so many messages of a type have come. */
  async count(type: string, wanted: number): Promise<WireMessage[]> {
    await this.until(() => this.ofType(type).length >= wanted);
    return this.ofType(type);
  }

  async until(isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!isTrue()) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0)
        throw new Error(
          `waited in vain; received ${JSON.stringify(this.received.slice(-5))}, closed ${JSON.stringify(this.closed)}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async end(): Promise<void> {
    this.socket.close();
    await this.until(() => this.closed !== undefined);
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.socket.terminate();
  }

  async whenClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== undefined);
    return this.closed as { code: number; reason: string };
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
