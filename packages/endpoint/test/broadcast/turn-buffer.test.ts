// A broadcast shares one buffer per turn among its sessions. Whatever else happens in between, each session gets what it would get
// if every message were sent to it by itself.
import { createServer, type Server } from 'node:http';
import { deferred } from '@longwire/test-support/deferred';
import { MemorySocket } from '@longwire/test-support/memory-socket';
import { until } from '@longwire/test-support/until';
import { PreparedMessage } from '@longwire/websocket';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import {
  Broadcast,
  type BroadcastResult,
  defineEndpoint,
  EndpointContainer,
  type MessageWriter,
  type Session,
  type SlowReceiverPolicy,
} from '../../src/index.js';

interface Room extends Pick<Broadcast, 'delete' | 'has' | 'size'> {
  add(session: Session): unknown;
  send(message: string, excepted: (session: Session) => boolean): Pick<BroadcastResult, 'sent' | 'skipped' | 'closed'>;
}

/** What `Broadcast` promises, in the plainest way. */
class PlainRoom implements Room {
  readonly #sessions = new Set<Session>();
  readonly #awaited = new Set<Session>();
  readonly #policy: SlowReceiverPolicy;
  readonly #maxBufferedBytes: number;

  constructor(policy: SlowReceiverPolicy, maxBufferedBytes: number) {
    this.#policy = policy;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    if (session.isOpen) this.#sessions.add(session);
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  has(session: Session): boolean {
    return this.#sessions.has(session);
  }

  send(message: string, excepted: (session: Session) => boolean): ReturnType<Room['send']> {
    const result = { sent: 0, skipped: 0, closed: 0 };
    for (const session of this.#sessions) {
      if (excepted(session) || !session.isOpen) continue;
      const isSlow = session.bufferedBytes > this.#maxBufferedBytes;
      if (isSlow && this.#policy === 'skip') {
        result.skipped++;
      } else if (isSlow && this.#policy === 'close') {
        session.close(1008, 'too slow');
        result.closed++;
      } else {
        if (isSlow && !this.#awaited.has(session)) this.#sendInTime(session, message);
        else session.sendPrepared(PreparedMessage.text(message));
        if (session.isOpen) result.sent++;
        else result.closed++;
      }
    }
    return result;
  }

  /** Without its deadline, which no run of this test reaches. */
  #sendInTime(session: Session, message: string): void {
    this.#awaited.add(session);
    const sent = session.sendPreparedAsync(PreparedMessage.text(message)).catch(() => {});
    void sent.then(() => this.#awaited.delete(session));
  }
}

class SharingRoom extends Broadcast implements Room {
  override send(message: string, excepted: unknown): BroadcastResult {
    return super.send(message, { except: excepted as (session: Session) => boolean });
  }
}

const paths = ['/plain', '/shared', '/own'] as const;
const limits = { maxBufferedBytes: 3_000, drainBytes: 700, heartbeatMs: 0 };
const compression = { thresholdBytes: 64, clientNoContextTakeover: true };

interface Member {
  readonly session: Session;
  readonly socket: MemorySocket;
  readonly log: string[];
  readonly writers: MessageWriter[];
  readonly batches: (() => void)[];
}

/** One container with one room; of two such worlds the same is asked. */
class World {
  readonly room: Room;
  readonly members: Member[] = [];
  readonly encodings: (() => void)[] = [];
  readonly #server: Server = createServer();
  readonly #container = new EndpointContainer({ onUnhandledError: () => {} });

  constructor(room: Room) {
    this.room = room;
    for (const path of paths) {
      this.#container.add(
        defineEndpoint(path, {
          onOpen: (session) => this.#opened(session),
          onText: () => undefined,
          onError: () => {},
          onClose: (session, { code }) => {
            this.room.delete(session);
            this.members.find((member) => member.session === session)?.log.push(`closed ${code}`);
          },
          encoders: [{ willEncode: () => true, encode: (value) => this.#encoded(String(value)) }],
          limits: {
            ...limits,
            perMessageDeflate:
              path === '/plain' ? false : { ...compression, serverNoContextTakeover: path === '/shared' },
          },
        }),
      );
    }
    this.#container.attach(this.#server);
  }

  #next: MemorySocket | undefined;

  async join(path: (typeof paths)[number]): Promise<void> {
    const count = this.members.length;
    const socket = new MemorySocket();
    this.#next = socket;
    this.#server.emit('connection', socket);
    socket.receive(
      [
        `GET ${path} HTTP/1.1`,
        'Host: localhost',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Extensions: permessage-deflate',
        '\r\n',
      ].join('\r\n'),
    );
    await until(() => this.members.length > count);
  }

  get bufferedBytes(): number[] {
    return this.members.map(({ session }) => session.bufferedBytes);
  }

  async end(): Promise<void> {
    for (const { session } of this.members) session.terminate();
    await this.#container.close({ withinMs: 100 });
  }

  #opened(session: unknown): void {
    const member: Member = { session: session as Session, socket: this.#next!, log: [], writers: [], batches: [] };
    this.members.push(member);
    this.room.add(member.session);
  }

  /** Texts that begin with `later` are encoded when the test says so. */
  #encoded(value: string): string | Promise<string> {
    if (!value.startsWith('later')) return value;
    const { promise, resolve } = deferred();
    this.encodings.push(resolve);
    return promise.then(() => value);
  }
}

type Act = (world: World) => unknown;

const index = fc.nat(7);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(150) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 2_500 }) },
);
let messages = 0;

/** The member that `at` names, if anybody is there. */
function memberAt(world: World, at: number): Member | undefined {
  return world.members[at % Math.max(1, world.members.length)];
}

/** An act that is done to one member. */
function toMember(act: (member: Member, world: World) => unknown): fc.Arbitrary<Act> {
  return index.map((at) => (world: World) => {
    const member = memberAt(world, at);
    return member === undefined ? undefined : act(member, world);
  });
}

const broadcast: fc.Arbitrary<Act> = fc
  .tuple(size, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { maxLength: 2 }), fc.nat(3))
  .map(([length, excepted, how]) => {
    const message = `${messages++}:`.padEnd(length, 'm');
    return (world: World) => {
      const sessions = excepted.flatMap((at) => memberAt(world, at)?.session ?? []);
      // As a set, as one session, as a function: the plain room takes the function only.
      const test = (session: Session): boolean => sessions.includes(session);
      const isOne = how === 1 && sessions.length === 1;
      const given = how === 0 ? test : isOne ? sessions[0] : sessions;
      return world.room.send(message, (world.room instanceof PlainRoom ? test : given) as typeof test);
    };
  });

const acts = fc.oneof(
  { weight: 12, arbitrary: broadcast },
  {
    weight: 3,
    arbitrary: fc.tuple(size, index).map(([length, at]) => {
      const message = `${messages++}:`.padEnd(length, 'd');
      return (world: World) => memberAt(world, at)?.session.send(message);
    }),
  },
  {
    weight: 1,
    arbitrary: toMember(({ session }, { room }) => {
      room.delete(session);
      return room.has(session);
    }),
  },
  {
    weight: 1,
    arbitrary: toMember(({ session }, { room }) => {
      room.add(session);
      return room.has(session);
    }),
  },
  { weight: 1, arbitrary: toMember(({ session }) => session.ping(new Uint8Array([1, 2, 3]))) },
  { weight: 1, arbitrary: toMember(({ session }) => session.sendObject('now')) },
  { weight: 1, arbitrary: toMember(({ session }) => session.sendObject('later, and behind it what follows')) },
  {
    weight: 1,
    arbitrary: toMember(({ session, log }) => {
      session.sendAsync('awaited').then(
        () => log.push('written'),
        () => log.push('never written'),
      );
    }),
  },
  {
    weight: 1,
    arbitrary: toMember(({ session, writers }) => {
      const writer = session.startMessage('text');
      writers.push(writer);
      writer.write('streamed').catch(() => {});
    }),
  },
  {
    weight: 1,
    arbitrary: toMember(({ writers }) =>
      writers
        .shift()
        ?.end()
        .catch(() => {}),
    ),
  },
  {
    weight: 1,
    arbitrary: toMember(({ session, batches }) => {
      const { promise, resolve } = deferred();
      batches.push(resolve);
      session.batch(() => promise);
    }),
  },
  { weight: 1, arbitrary: toMember(({ batches }) => batches.shift()?.()) },
  { weight: 2, arbitrary: toMember(({ socket }) => socket.stall()) },
  { weight: 2, arbitrary: toMember(({ socket }) => socket.unstall()) },
  { weight: 1, arbitrary: toMember(({ session }) => session.close(3000, 'bye')) },
  { weight: 1, arbitrary: toMember(({ session }) => session.terminate()) },
  // A masked Close frame with 1000, and a masked ping.
  { weight: 1, arbitrary: toMember(({ socket }) => socket.receive(Buffer.from('88820000000003e8', 'hex'))) },
  { weight: 1, arbitrary: toMember(({ socket }) => socket.receive(Buffer.from('898000000000', 'hex'))) },
  { weight: 1, arbitrary: fc.constant<Act>((world) => world.encodings.shift()?.()) },
);

/** Everything of one turn happens at once, in both worlds; then the turn ends, which a busy machine may cut into slices. */
const turn = fc.record({ acts: fc.array(acts, { maxLength: 12 }), join: fc.option(fc.constantFrom(...paths)) });

const worlds: World[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.end()));
});

async function endOfTurn(): Promise<void> {
  for (let n = 0; n < 6; n++) await new Promise((resolve) => setImmediate(resolve));
}

it.each<SlowReceiverPolicy>(['skip', 'close', 'wait'])(
  'Broadcast.send with slow: %j gives each session the bytes, and the caller the counts, of sends to each by itself',
  { timeout: 300_000 },
  async (slow) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...paths), { minLength: 1, maxLength: 6 }),
        fc.array(turn, { maxLength: 12 }),
        // Below and above the limit of the engine.
        fc.constantFrom(1_200, 10_000),
        async (joining, turns, maxBufferedBytes) => {
          const sharing = new World(new SharingRoom({ slow, maxBufferedBytes, waitMs: 100_000 }) as unknown as Room);
          const plain = new World(new PlainRoom(slow, maxBufferedBytes));
          worlds.push(sharing, plain);
          for (const path of joining) await Promise.all([sharing.join(path), plain.join(path)]);
          for (const { acts: list, join } of turns) {
            for (const act of list) expect(act(sharing)).toEqual(act(plain));
            await endOfTurn();
            if (join !== null) await Promise.all([sharing.join(join), plain.join(join)]);
            expect(sharing.room.size).toBe(plain.room.size);
            expect(sharing.bufferedBytes).toEqual(plain.bufferedBytes);
          }
          for (const { members } of [sharing, plain]) for (const { socket } of members) socket.unstall();
          await endOfTurn();
          for (const [at, member] of sharing.members.entries()) {
            const twin = plain.members[at]!;
            expect(member.socket.bytes.toString('latin1')).toBe(twin.socket.bytes.toString('latin1'));
            expect(member.log).toEqual(twin.log);
          }
          await Promise.all(worlds.splice(0).map((world) => world.end()));
        },
      ),
      { numRuns: 100 },
    );
  },
);
