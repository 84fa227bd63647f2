// The server as the protocol describes it, for one user with one device: logs, keys, a cursor per channel, and sessions
// that are behind or at the tail. It stands at the other end of the wire; nothing of it is shared with the client.

import { defaultSessionLimits } from '@longwire/protocol';
import { connectedAnswer, type WireObject } from './test-platform.js';

export interface StoredEntry {
  readonly type: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly from: string;
  readonly at: number;
  readonly body: unknown;
  readonly key?: string;
}

interface Cursor {
  readonly epoch: string;
  readonly offset: number;
}

const EPOCH = 'k3';

export class ModelServer {
  readonly logs = new Map<string, StoredEntry[]>();
  /** Up to here retention has removed the entries of a channel. */
  readonly bases = new Map<string, number>();
  /** What the device acknowledged. */
  readonly acked = new Map<string, number>();

  constructor(channels: readonly string[]) {
    for (const channel of channels) this.logs.set(channel, []);
  }

  log(channel: string): StoredEntry[] {
    const log = this.logs.get(channel);
    if (log === undefined) throw new Error(`No channel ${channel}`);
    return log;
  }

  append(channel: string, fields: { type?: string; from: string; body: unknown; key?: string }): StoredEntry {
    const log = this.log(channel);
    const offset = log.length + 1;
    const entry = { type: 'message', ...fields, channel, epoch: EPOCH, offset, at: offset };
    log.push(entry);
    return entry;
  }
}

/** One connection. `out` is what is on its way to the client. */
export class ModelSession {
  readonly out: object[] = [];
  readonly #server: ModelServer;
  readonly #inFlight: number;
  /** Channels in which this session is behind, with the position it has got to. Not in here: at the tail. */
  readonly #behind = new Map<string, number>();
  #isSignedIn = false;

  /** @param inFlight  its `limits.inFlight` */
  constructor(server: ModelServer, inFlight: number) {
    this.#server = server;
    this.#inFlight = inFlight;
  }

  /** A command of the client, in the order of the wire. */
  take(command: WireObject): void {
    switch (command.type) {
      case 'connect':
        this.#connect(command);
        return;
      case 'send':
        this.#send(command);
        return;
      case 'ack':
        this.#ack(command);
        return;
      case 'ping':
        this.out.push({ re: command['id'], type: 'pong', time: 1 });
        return;
      default:
        throw new Error(`The model does not know ${command.type}`);
    }
  }

  /** An entry was appended by another session. */
  onAppended(entry: StoredEntry): void {
    if (this.#isSignedIn && !this.#behind.has(entry.channel)) this.out.push(entry);
  }

  /** Reads up to `count` entries in each channel in which the session is behind; it joins the tail when it gets there. */
  readOn(count: number): void {
    for (const [channel, position] of this.#behind) {
      const log = this.#server.log(channel);
      const base = this.#server.bases.get(channel) ?? 0;
      const from = Math.max(position, base);
      if (from > position) {
        const gap = {
          type: 'gap',
          channel,
          epoch: EPOCH,
          from: position + 1,
          to: from,
          next: from + 1,
          reason: 'expired',
        };
        this.out.push(gap);
      }
      const page = log.slice(from, from + count);
      for (const entry of page) this.out.push(entry);
      if (from + page.length >= log.length) this.#behind.delete(channel);
      else this.#behind.set(channel, from + page.length);
    }
  }

  #connect(command: WireObject): void {
    const cursors = (command['cursors'] ?? {}) as Record<string, Cursor>;
    this.#isSignedIn = true;
    const limits = { ...defaultSessionLimits, inFlight: this.#inFlight };
    this.out.push(connectedAnswer(command['id'], { limits, features: ['batch'] }));
    for (const [channel, log] of this.#server.logs) {
      const position = cursors[channel]?.offset ?? this.#server.acked.get(channel) ?? 0;
      if (position < log.length) this.#behind.set(channel, position);
    }
  }

  #send({ id, to, body, key, echo }: WireObject): void {
    const channel = String(to);
    const known = this.#server.log(channel).find((entry) => entry.key === key);
    const entry = known ?? this.#server.append(channel, { from: 'alice', body, key: String(key) });
    const { epoch, offset, at } = entry;
    if (known === undefined && echo === true && !this.#behind.has(channel)) this.out.push(entry);
    this.out.push({ re: id, type: 'sent', channel, epoch, offset, at, ...(known ? { repeated: true } : {}) });
  }

  #ack({ id, cursors }: WireObject): void {
    for (const [channel, { offset }] of Object.entries(cursors as Record<string, Cursor>)) {
      this.#server.acked.set(channel, Math.max(offset, this.#server.acked.get(channel) ?? 0));
    }
    this.out.push({ re: id, type: 'ok' });
  }
}
