// A device of a user in the model: what it has acknowledged, and what its session got and has to get.

import { until } from '@longwire/test-support/until';
import type { WireMessage } from '@longwire/test-support/wire-client';
import type { WireSession, WireSessions } from '../wire-sessions.js';
import type { NaiveChannel, Range } from './naive-channel.js';
import type { NaiveWorld } from './naive-world.js';

const NOTHING: Range = { min: 0, max: 0 };

/** What one session knows of one channel. */
interface Received {
  /** Where it began to read; entries above `max` must come, none up to `min` may. */
  readonly start: Range;
  readonly offsets: number[];
  /** Written in this session: `sent` stood in their place. */
  readonly own: Set<number>;
  /** What the newest push `channel` said. */
  isRemoved: boolean;
}

interface OpenSession {
  readonly wire: WireSession;
  readonly received: Map<string, Received>;
}

export class PeopleDevice {
  readonly user: string;
  readonly name: string;
  readonly #world: NaiveWorld;
  readonly #sessions: WireSessions;
  readonly #fault: (text: string) => void;
  #isKnown = false;
  #session: OpenSession | undefined;
  /** Address → what the server has of it. */
  readonly #cursors = new Map<string, Range>();
  /** Address → the newest offset up to which the app has everything; survives the sessions. */
  readonly #positions = new Map<string, number>();
  readonly epochs: Map<string, string>;

  constructor(
    user: string,
    name: string,
    world: NaiveWorld,
    sessions: WireSessions,
    epochs: Map<string, string>,
    fault: (text: string) => void,
  ) {
    this.user = user;
    this.name = name;
    this.#world = world;
    this.#sessions = sessions;
    this.epochs = epochs;
    this.#fault = (text) => fault(`${user} on ${name}: ${text}`);
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  get positions(): ReadonlyMap<string, number> {
    return this.#positions;
  }

  async connect(givesCursors: boolean): Promise<void> {
    if (this.#session !== undefined) return;
    const given = givesCursors ? [...this.#positions] : [];
    if (!this.#isKnown) {
      for (const address of this.#world.addressesOf(this.user)) {
        this.#cursors.set(address, this.#world.channel(this.user, address)!.readOf(this.user));
      }
    }
    const received = new Map<string, Received>();
    const begin = (address: string, start: Range) =>
      received.set(address, { start, offsets: [], own: new Set(), isRemoved: false });
    for (const [address, start] of this.#cursors) begin(address, start);
    for (const [address, offset] of given) begin(address, { min: offset, max: offset });
    const wire = await this.#sessions.open((push) => this.#take(push, received));
    if (wire === undefined) throw new Error('the server cannot be reached');
    const cursors = Object.fromEntries(
      given.map(([address, offset]) => [address, { epoch: this.epochs.get(address), offset }]),
    );
    const connected = await wire.ask({ type: 'connect', token: `dev:${this.user}`, device: this.name, cursors });
    if (connected?.['device'] !== (this.#isKnown ? 'known' : 'new')) this.#fault(JSON.stringify(connected));
    this.#isKnown = true;
    this.#session = { wire, received };
  }

  async ask(command: object): Promise<WireMessage> {
    const answer = await this.#session?.wire.ask(command);
    if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(command)}`);
    return answer;
  }

  /** `sent` came: it stands in the place of the entry. */
  noteSent(address: string, offset: number): void {
    this.#receivedIn(this.#session!.received, address).own.add(offset);
    this.#positions.set(address, offset);
  }

  noteAcked(address: string, offset: number): void {
    const { min, max } = this.#cursors.get(address) ?? NOTHING;
    this.#cursors.set(address, { min: Math.max(min, offset), max: Math.max(max, offset) });
  }

  /** What was acknowledged may be forgotten, or part of it. */
  crash(): void {
    for (const [address, { max }] of this.#cursors) this.#cursors.set(address, { min: 0, max });
  }

  /** Resolves when the session has what it has to get; checks that it got nothing else. */
  async settle(): Promise<void> {
    const { wire, received } = this.#session ?? {};
    if (wire === undefined || received === undefined) return;
    const due = new Map(
      this.#world
        .addressesOf(this.user)
        .map((address) => [address, this.#due(this.#receivedIn(received, address), address)]),
    );
    const missing = () =>
      [...due].find(([address, offsets]) => {
        const got = received.get(address)!.offsets;
        return offsets.some((offset) => !got.includes(offset));
      });
    await until(
      () => missing() === undefined,
      () => {
        const [address, offsets] = missing()!;
        const { offsets: got, start } = received.get(address)!;
        return `${this.user} on ${this.name} to get ${offsets} of ${address}, got ${got}, began after ${JSON.stringify(start)}`;
      },
    );
    await this.ask({ type: 'ping' });
    this.#check(received);
    for (const [address, { isRemoved, offsets }] of received) {
      if (!address.startsWith('group/') || offsets.length === 0) continue;
      const isMember = this.#world.channel(this.user, address)!.isMember(this.user);
      if (isRemoved === isMember) this.#fault(`${address} is ${isRemoved ? '' : 'not '}removed, member: ${isMember}`);
    }
  }

  /** Ends the session with a Close frame, or without one; what it got is checked. */
  async end(isCut: boolean): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    if (isCut) session.wire.cut();
    else await session.wire.close();
    await session.wire.ended;
    this.#session = undefined;
    this.#check(session.received);
  }

  #take(push: WireMessage, received: Map<string, Received>): void {
    if (push.type === 'channel') {
      if (push['invitation'] === undefined)
        this.#receivedIn(received, String(push['address'])).isRemoved = push['removed'] === true;
      return;
    }
    if (push['channel'] === undefined || push['offset'] === undefined) return;
    const address = String(push['channel']);
    const offset = Number(push['offset']);
    this.epochs.set(address, String(push['epoch']));
    this.#receivedIn(received, address).offsets.push(offset);
    this.#positions.set(address, offset);
    const entry = this.#world.channel(this.user, address)?.entries[offset - 1];
    // A push may overtake the answer by which the model learns of the entry: its content is compared in the end, with the others.
    if (entry === undefined) return;
    const { kind, from, body } = entry;
    if (push.type !== kind || push['from'] !== from || JSON.stringify(push['body']) !== body)
      this.#fault(`${JSON.stringify(push)} instead of ${JSON.stringify(entry)}`);
  }

  #receivedIn(received: Map<string, Received>, address: string): Received {
    let known = received.get(address);
    if (known === undefined) {
      known = { start: NOTHING, offsets: [], own: new Set(), isRemoved: false };
      received.set(address, known);
    }
    return known;
  }

  /** What must come of the newest stay. */
  #due({ start, own }: Received, address: string): number[] {
    const log = this.#world.channel(this.user, address)!;
    const stay = log.stayOf(this.user);
    if (stay === undefined) return [];
    const offsets: number[] = [];
    for (let offset = Math.max(start.max + 1, stay.joined); offset <= (stay.left ?? log.head); offset += 1) {
      if (!own.has(offset)) offsets.push(offset);
    }
    return offsets;
  }

  #check(received: ReadonlyMap<string, Received>): void {
    for (const [address, { start, offsets }] of received) {
      const log: NaiveChannel | undefined = this.#world.channel(this.user, address);
      const isWrong = (offset: number, index: number) =>
        offset <= start.min || offset <= (offsets[index - 1] ?? 0) || log?.isDue(this.user, offset) !== true;
      if (offsets.some(isWrong)) {
        const stays = JSON.stringify(log?.stayOf(this.user));
        this.#fault(`${offsets} of ${address} came, began after ${JSON.stringify(start)}, newest stay ${stays}`);
      }
    }
  }
}
