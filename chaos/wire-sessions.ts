// Signed-in connections to a server that may end at any instant: nothing here waits for an answer that cannot come any more.

import type { WireMessage } from '@longwire/test-support/wire-client';
import { WebSocket } from 'ws';

/** All sessions with one server. */
export class WireSessions {
  readonly #url: string;
  readonly #open = new Set<WireSession>();

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Resolves when it is connected, or with undefined if it could not be.
   * @param onPush  called for everything that is no answer to `ask`, and for `connected`
   */
  async open(onPush: (push: WireMessage) => void = () => {}): Promise<WireSession | undefined> {
    const session = new WireSession(new WebSocket(this.#url, 'longwire.v1.json', { perMessageDeflate: false }), onPush);
    this.#open.add(session);
    void session.ended.then(() => this.#open.delete(session));
    await session.opened;
    return session.isOpen ? session : undefined;
  }

  /** Resolves once all that the server wrote to the sessions of now has been taken, and they have ended. */
  async whenEnded(): Promise<void> {
    await Promise.all([...this.#open].map((session) => session.ended));
  }
}

export class WireSession {
  /** Resolves when the connection is open, or has ended. */
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  readonly #asked = new Map<string, (answer: WireMessage | undefined) => void>();
  #nextId = 1;

  constructor(socket: WebSocket, onPush: (push: WireMessage) => void) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    this.opened = Promise.race([new Promise<void>((resolve) => socket.once('open', () => resolve())), this.ended]);
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const settle of this.#asked.values()) settle(undefined);
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as WireMessage;
      if (message.type === 'connected') onPush(message);
      const settle = this.#asked.get(String(message.re));
      this.#asked.delete(String(message.re));
      if (settle === undefined) onPush(message);
      else settle(message);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** False if it was refused, or the connection ended before the answer. */
  async signIn(user: string, connect: object = {}): Promise<boolean> {
    const connected = await this.ask({ type: 'connect', token: `dev:${user}`, ...connect });
    if (connected?.type !== 'connected') this.cut();
    return connected?.type === 'connected';
  }

  /** Resolves with the answer, or with undefined if the connection ends before it. */
  ask(command: object): Promise<WireMessage | undefined> {
    if (!this.isOpen) return Promise.resolve(undefined);
    const id = String(this.#nextId++);
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, ...command }));
    });
  }

  /** Ends it with a Close frame. */
  close(): Promise<void> {
    this.#socket.close();
    return this.ended;
  }

  /** Ends it without one. */
  cut(): void {
    this.#socket.terminate();
  }
}
