// Close races: both ends close, send, break and fall silent in every order. Row 22 of docs/fault-catalogue.md.

import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { inParallel } from '@longwire/test-support/in-parallel';
import { SeededRandom, seedOfRun } from '@longwire/test-support/seeded-random';
import { stretched } from '@longwire/test-support/stretched';
import { settled, until } from '@longwire/test-support/until';
import {
  accept,
  type CloseDetails,
  dial,
  resolveWebSocketOptions,
  type WebSocketConnection,
} from '@longwire/websocket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeFrame, FIN, frame, Opcode, pingFrame, textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface CloseRaceScale {
  /** Programs of raw peers against a server process. */
  readonly rawRaces: number;
  /** Interleavings of both ends in this process. */
  readonly twoSidedRaces: number;
  /** Whether there is time to wait for the closing timeout of the gateway. */
  readonly awaitsTimeouts: boolean;
}

const CLOSE_TIMEOUT_MS = 5_000;
const LATENESS_MS = 5_000;

/** What a raw peer may do next. */
const moves: readonly ((peer: RawSocket) => void | Promise<void>)[] = [
  (peer) => peer.send(textFrame('ping')),
  (peer) => peer.send(pingFrame('x')),
  (peer) => peer.send(closeFrame(1000, 'bye')),
  (peer) => peer.send(closeFrame()),
  (peer) => peer.send(frame({ first: FIN | 0x0b })),
  (peer) => peer.send(frame({ first: Opcode.text, payload: 'unfinished' })),
  (peer) => peer.send(frame({ payload: 'torn', claimedBytes: 1_000n })),
  // Three of these and the server closes by itself.
  (peer) => peer.send(textFrame('{"type":"send"}')),
  (peer) => peer.halfClose(),
  () => settled(),
  () => new Promise((resolve) => setTimeout(resolve, 2)),
];

const actions: readonly ((connection: WebSocketConnection) => unknown)[] = [
  (connection) => connection.sendText('text'),
  (connection) => connection.sendBinary(Buffer.alloc(70_000)),
  (connection) => connection.sendTextAsync('async').catch(() => {}),
  (connection) => connection.ping(),
  (connection) => connection.pause(),
  (connection) => connection.resume(),
  (connection) => connection.flush(),
  (connection) => connection.close(4000, 'race'),
  (connection) => connection.terminate(),
];

export function describeCloseRaces(scale: CloseRaceScale): void {
  describe('gateway close races', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway();
    });
    afterAll(() => target.stop());

    it('sends each peer at most one Close frame, as the last frame, and ends TCP (row 22)', async () => {
      await target.unharmed(() => raceToClose(target, scale.rawRaces));
    });

    if (scale.awaitsTimeouts) {
      it('ends TCP within the closing timeout when the peer never answers the Close frame (row 22)', async () => {
        await target.unharmed(async () => {
          const peer = await RawSocket.upgrade(target.port);
          for (let n = 0; n < 3; n++) peer.send(textFrame('{"type":"send","to":"user/bob","body":1}'));
          expect(await peer.closeCode()).toBe(4104);
          const endedMs = await peer.ended(CLOSE_TIMEOUT_MS + LATENESS_MS);
          expect(endedMs).toBeLessThan(stretched(CLOSE_TIMEOUT_MS + LATENESS_MS));
          peer.destroy();
        });
      });
    }

    it('ignores every frame that follows a Close frame (row 22)', async () => {
      const peer = await RawSocket.upgrade(target.port);
      peer.send(Buffer.concat([closeFrame(1000), textFrame('ping'), pingFrame('late'), frame({ first: FIN | 0x0f })]));
      await peer.ended();
      expect(peer.frames.map(({ opcode }) => opcode)).toEqual([Opcode.close]);
      expect(peer.frames[0]?.payload.readUInt16BE(0)).toBe(1000);
      peer.destroy();
    });
  });

  describe('engine close races between dial and accept', () => {
    const ends = new Map<WebSocketConnection, CloseDetails[]>();
    const handler = {
      onClose: (connection: WebSocketConnection, close: CloseDetails) => {
        ends.set(connection, [...(ends.get(connection) ?? []), close]);
      },
    };
    const options = resolveWebSocketOptions({ closeTimeoutMs: 200 });
    const sockets = new Set<Socket>();
    let server: Server;
    let accepted: WebSocketConnection[] = [];

    beforeAll(async () => {
      server = createServer();
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      server.on('upgrade', (request, socket, head) => {
        const connection = accept(request, socket, head, { options, handler });
        if ('role' in connection) accepted.push(connection);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));

    it('call onClose exactly once on each side and leave no socket open (row 22)', async () => {
      const seed = seedOfRun('two-sided close races');
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const wrong: string[] = [];
      // One after the other: the order of steps is what the seed decides.
      for (let race = 0; race < scale.twoSidedRaces; race++) {
        const random = new SeededRandom(seed + race);
        accepted = [];
        const client = await dial(url, { handler, options });
        await until(() => accepted.length > 0, 'the accepted connection');
        const pair = [client, accepted[0]!] as const;
        const length = random.below(10);
        for (let n = 0; n < length; n++) {
          random.pick(actions)(random.pick(pair));
          for (let turns = random.below(3); turns > 0; turns--) await settled();
        }
        for (const connection of pair) connection.resume();
        random.pick(pair).close();
        await until(() => pair.every((connection) => connection.state === 'closed'), `the end of race ${race}`);
        await settled();
        const counts = pair.map((connection) => ends.get(connection)?.length ?? 0);
        if (counts.some((count) => count !== 1)) wrong.push(`race ${race}: onClose ${counts.join(' and ')} times`);
        for (const connection of pair) ends.delete(connection);
      }
      expect(wrong).toEqual([]);
      await until(() => sockets.size === 0, 'the end of all sockets');
    });
  });
}

/** Raw peers that do anything in any order; however it went, each comes to an end, with at most one Close frame. */
export async function raceToClose(target: Target, races: number, path?: string): Promise<void> {
  const seed = seedOfRun('close races');
  const wrong: string[] = [];
  await inParallel(races, 20, async (race) => {
    const random = new SeededRandom(seed + race);
    const peer = await RawSocket.upgrade(target.port, path === undefined ? {} : { path });
    const length = 1 + random.below(8);
    for (let n = 0; n < length; n++) await random.pick(moves)(peer);
    const isReset = random.below(10) === 0;
    if (isReset) {
      peer.reset();
      return;
    }
    // However it went: with a Close frame, or the end of the peer's side, the server must come to an end.
    peer.send(closeFrame(1001));
    if (random.below(2) === 0) peer.halfClose();
    await peer.ended(CLOSE_TIMEOUT_MS + LATENESS_MS);
    const closes = peer.frames.filter(({ opcode }) => opcode === Opcode.close);
    const isLast = closes.length === 0 || peer.frames.at(-1)?.opcode === Opcode.close;
    if (closes.length > 1 || !isLast) wrong.push(`race ${race}: ${peer.frames.map(({ opcode }) => opcode)}`);
    peer.destroy();
  });
  expect(wrong).toEqual([]);
}
