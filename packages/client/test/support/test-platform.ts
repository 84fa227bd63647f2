// A platform with the time, network and storage of the test. Its sockets have no server: the test is the server.

import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import type { ClientSocket, DeviceStore, Platform, SocketListener } from '../../src/platform/platform.js';
import { fillRandom } from '../../src/platform/web-apis.js';

export type WireObject = Readonly<Record<string, unknown>> & { readonly type: string };

/** One socket that the client opened, from the side of the server. */
export class TestSocket implements ClientSocket {
  readonly url: string;
  readonly sent: WireObject[] = [];
  /** The texts of `sent`. */
  readonly texts: string[] = [];
  readonly #listener: SocketListener;
  #read = 0;
  closedBy: { readonly code: number } | undefined;
  isTerminated = false;
  #isGone = false;

  constructor(url: string, listener: SocketListener) {
    this.url = url;
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return !this.#isGone && this.closedBy === undefined && !this.isTerminated;
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.texts.push(text);
    this.sent.push(JSON.parse(text) as WireObject);
  }

  close(code: number): void {
    if (this.#isGone) return;
    this.closedBy ??= { code };
  }

  terminate(): void {
    this.isTerminated = true;
  }

  open(): void {
    this.#listener.onOpen();
  }

  /** A message of the server. */
  push(message: object): void {
    if (!this.#isGone && !this.isTerminated) this.#listener.onText(JSON.stringify(message));
  }

  /** Several messages of the server in one text. */
  pushBatch(messages: readonly object[]): void {
    const text = messages.map((message) => JSON.stringify(message)).join('\n');
    if (text !== '' && !this.#isGone && !this.isTerminated) this.#listener.onText(text);
  }

  pushText(text: string): void {
    this.#listener.onText(text);
  }

  /** The connection ends, by the server unless the client closed it. */
  end(code = 1006, reason = ''): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener.onClose(code, reason);
  }

  /** Commands that came since the last call. */
  take(): WireObject[] {
    const fresh = this.sent.slice(this.#read);
    this.#read = this.sent.length;
    return fresh;
  }

  /** The newest command of a type. */
  last(type: string): WireObject | undefined {
    return this.sent.findLast((command) => command.type === type);
  }
}

export class TestPlatform implements Platform {
  readonly clock = new ManualClock();
  readonly sockets: TestSocket[] = [];
  readonly uncaught: unknown[] = [];
  readonly #wakers = new Set<() => void>();
  fillRandom = fillRandom;
  readonly warnings: string[] = [];
  defaultDeviceStore = (): DeviceStore | undefined => memoryDeviceStore();
  pageUrl = (): string | undefined => undefined;

  openSocket(url: string, _subprotocol: string, listener: SocketListener): ClientSocket {
    const socket = new TestSocket(url, listener);
    this.sockets.push(socket);
    return socket;
  }

  onWake(run: () => void): () => void {
    this.#wakers.add(run);
    return () => void this.#wakers.delete(run);
  }

  reportUncaught(error: unknown): void {
    this.uncaught.push(error);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  wake(): void {
    for (const run of this.#wakers) run();
  }

  get isWatched(): boolean {
    return this.#wakers.size > 0;
  }

  get socket(): TestSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('The client has opened no socket yet');
    return socket;
  }

  /** Takes the newest socket up to `connected` and returns it. */
  async signIn(fields: object = {}): Promise<TestSocket> {
    await settled();
    const { socket } = this;
    socket.open();
    socket.push(connectedAnswer(socket.last('connect')?.['id'], { time: this.clock.now(), ...fields }));
    await settled();
    return socket;
  }

  /** Waits for the client's next attempt, whenever it comes, and signs it in. */
  async comeBack(fields: object = {}): Promise<TestSocket> {
    const before = this.sockets.length;
    for (let tries = 0; tries < 100 && this.sockets.length === before; tries += 1) {
      await this.clock.advance(this.clock.nextInMs ?? 0);
    }
    return this.signIn(fields);
  }
}

/** Keeps the ids as long as the program runs. */
export function memoryDeviceStore(): DeviceStore {
  const devices = new Map<string | undefined, string>();
  return {
    load: (user) => devices.get(user),
    save: (user, device) => {
      devices.set(user, device);
      return device;
    },
  };
}

export function connectedAnswer(re: unknown, fields: object = {}): object {
  return {
    re,
    type: 'connected',
    user: 'alice',
    session: 's1',
    device: 'known',
    heartbeatMs: 25_000,
    server: 'longwire/0.1.0',
    time: 1_790_000_000_000,
    limits: {
      bodyBytes: 65_536,
      commandBytes: 131_072,
      inFlight: 64,
      keyWindow: 262_144,
    },
    features: [],
    channels: [],
    ignored: [],
    ...fields,
  };
}

/** A message of bob to alice. */
export function messageAt(offset: number, fields: object = {}): object {
  return {
    type: 'message',
    channel: 'user/bob',
    epoch: 'k3',
    offset,
    from: 'bob',
    at: offset,
    body: `m${offset}`,
    ...fields,
  };
}
