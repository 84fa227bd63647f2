// permessage-deflate: bombs, broken streams, invalid offers, and what compression may cost. Rows 18-21 of
// docs/fault-catalogue.md. The gateway has compression off, so the engine is attacked with it on.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deflated, deflatedFrame } from '../harness/deflated.js';
import { FIN, frame, Opcode, pingFrame, RSV1, textFrame } from '../harness/frame-writer.js';
import { upgradeRequest } from '../harness/handshake-text.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface CompressionScale {
  /** Zeros in one bomb, before compression to a thousandth. */
  readonly bombBytes: number;
  readonly bombs: number;
  /** Connections that send messages of a thousand times their size at once. */
  readonly inflaters: number;
  readonly idleConnections: number;
}

const MIB = 1_048_576;
const LIMIT = MIB;
const OFFER = ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'];
const MAX_IDLE_BYTES_PER_CONNECTION = 40_000;

/** Offers with parameters that permessage-deflate does not define (RFC 7692 §7.1): the handshake goes on without it. */
const declined = [
  ...['0', '7', '16', '08', '+8', '-8', '8.0', '1e1', '99999999999999999999', 'x'].flatMap((bits) => [
    `permessage-deflate; server_max_window_bits=${bits}`,
    `permessage-deflate; client_max_window_bits=${bits}`,
  ]),
  'permessage-deflate; server_max_window_bits',
  'permessage-deflate; server_no_context_takeover=1',
  'permessage-deflate; client_no_context_takeover=true',
  'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  'permessage-deflate; client_max_window_bits; client_max_window_bits=9',
  'permessage-deflate; __proto__=1',
  'permessage-deflate; constructor',
  'permessage-deflate; unknown',
  'permessage-deflat',
  'PERMESSAGE-DEFLATE2',
  'x-webkit-deflate-frame',
];

/** What breaks the grammar of the header itself (RFC 6455 §9.1). */
const malformed = [
  'permessage-deflate; server_max_window_bits=',
  // RFC 6455 §9.1: what is quoted must be a token without its quotes.
  'permessage-deflate; server_max_window_bits="8 "',
  'permessage-deflate; =8',
  'permessage-deflate;; server_no_context_takeover',
  'permessage-deflate; "server_max_window_bits"=8',
  'permessage-deflate; server_max_window_bits="8',
  'permessage-deflate server_max_window_bits',
];

const broken: readonly { readonly title: string; readonly bytes: Buffer; readonly codes: readonly number[] }[] = [
  { title: 'a block of type 3', bytes: deflatedFrame(Buffer.from([0x07, 0xff])), codes: [1002, 1007] },
  {
    title: 'a stored block with a wrong length',
    bytes: deflatedFrame(Buffer.from('0005000000', 'hex')),
    codes: [1002, 1007],
  },
  {
    title: 'a distance before the beginning',
    bytes: deflatedFrame(Buffer.from('4b04a200', 'hex')),
    codes: [1002, 1007],
  },
  { title: 'random bytes', bytes: deflatedFrame(Buffer.alloc(64, 0xee)), codes: [1002, 1007] },
  { title: 'a message that ends inside a block', bytes: deflatedFrame(Buffer.from('f248cd', 'hex')), codes: [1007] },
  {
    title: 'text that inflates to invalid UTF-8',
    bytes: deflatedFrame(deflated(Buffer.from([0xc0, 0xaf])), Opcode.text),
    codes: [1007],
  },
  {
    title: 'RSV1 on a continuation',
    bytes: Buffer.concat([
      frame({ first: RSV1 | Opcode.binary, payload: deflated(Buffer.from('a')) }),
      frame({ first: FIN | RSV1 | Opcode.continuation, payload: 'x' }),
    ]),
    codes: [1002],
  },
  { title: 'RSV1 on a ping', bytes: frame({ first: FIN | RSV1 | Opcode.ping }), codes: [1002] },
  { title: 'RSV1 on a close', bytes: frame({ first: FIN | RSV1 | Opcode.close }), codes: [1002] },
  { title: 'RSV2', bytes: frame({ first: FIN | 0x20 | Opcode.binary }), codes: [1002] },
];

export function describeCompressionAttacks(scale: CompressionScale): void {
  describe('permessage-deflate', () => {
    let target: Target;

    beforeAll(async () => {
      // Otherwise each client that does not offer client_no_context_takeover costs a window (row 21).
      const perMessageDeflate = { clientNoContextTakeover: true };
      target = await Target.engine({ maxMessageBytes: LIMIT, perMessageDeflate });
    });
    afterAll(() => target.stop());

    const open = (lines: readonly string[] = OFFER) => RawSocket.upgrade(target.port, { path: '/', lines });

    it('closes with 1009 on a message that inflates to a thousand times its size, in bounded memory (row 18)', async () => {
      const bomb = deflatedFrame(deflated(Buffer.alloc(scale.bombBytes), 9));
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const { peakBytes } = await peakDuring(target.pid, () =>
          inParallel(scale.bombs, 10, async () => {
            const peer = await open();
            peer.send(bomb);
            expect(await peer.closeCode()).toBe(1009);
            peer.destroy();
          }),
        );
        // Twice the limit for each of the ten that come at once, and what Node keeps.
        expect(peakBytes - baselineBytes).toBeLessThan(10 * 2 * LIMIT + 32 * MIB);
      });
    });

    it('answers a message of 100 000 empty deflate blocks without stalling (row 18)', async () => {
      await target.unharmed(async () => {
        const emptyStored = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from('000000ffff', 'hex')));
        const peer = await open();
        peer.send(deflatedFrame(emptyStored));
        await until(() => peer.frames.length > 0, 'an echo or a close');
        const [answer] = peer.frames;
        expect([Opcode.binary, Opcode.close]).toContain(answer?.opcode);
        if (answer?.opcode === Opcode.binary) expect(answer.payload.length).toBe(0);
        peer.destroy();
      });
    });

    it('answers a message of 200 000 final deflate blocks without stalling (row 18)', async () => {
      await target.unharmed(async () => {
        // 03 00: a final block with nothing in it; after each another stream begins (RFC 7692 §7.2.3.4).
        const endings = Buffer.concat(Array.from({ length: 200_000 }, () => Buffer.from([0x03, 0x00])));
        const peer = await open();
        peer.send(deflatedFrame(endings));
        await until(() => peer.frames.length > 0 || peer.hasEnded, 'an echo or a close');
        peer.destroy();
      });
    });

    it('answers others while many connections send 1 KB that inflate to 1 MB, again and again (row 18)', async () => {
      const message = deflatedFrame(deflated(Buffer.alloc(LIMIT - 1)));
      const flood = async () => {
        const peers = await Promise.all(Array.from({ length: scale.inflaters }, () => open()));
        for (let round = 0; round < 3; round++) {
          for (const peer of peers) peer.send(message);
          await until(() => peers.every(({ frames }) => frames.length > round), `the echoes of round ${round}`, 60_000);
        }
        for (const peer of peers) peer.destroy();
      };
      // The allocator of the threads that inflate keeps some of it for the next time; a leak would grow again.
      await flood();
      await target.unharmed(flood, { extraBytes: 64 * MIB });
    });

    it.each(broken)('closes with 1002 or 1007 on $title (row 19)', async ({ bytes, codes }) => {
      const peer = await open();
      peer.send(bytes);
      expect(codes).toContain(await peer.closeCode());
      peer.destroy();
    });

    it('declines a Sec-WebSocket-Extensions offer with unknown or invalid parameters (row 19)', async () => {
      await target.unharmed(async () => {
        const taken: string[] = [];
        await inParallel(declined.length, 4, async (index) => {
          const peer = new RawSocket(target.port);
          peer.send(
            upgradeRequest(target.port, { path: '/', lines: [`Sec-WebSocket-Extensions: ${declined[index]}`] }),
          );
          const { status, headers } = await peer.answer();
          if (status !== 101 || headers.has('sec-websocket-extensions')) taken.push(`${declined[index]}: ${status}`);
          peer.destroy();
        });
        expect(taken).toEqual([]);
      });
    });

    it('answers 400 to a malformed Sec-WebSocket-Extensions, and accepts the first valid offer of a list (row 19)', async () => {
      for (const offer of malformed) {
        const peer = new RawSocket(target.port);
        peer.send(upgradeRequest(target.port, { path: '/', lines: [`Sec-WebSocket-Extensions: ${offer}`] }));
        expect((await peer.answer()).status, offer).toBe(400);
        peer.destroy();
      }
      const peer = new RawSocket(target.port);
      const lines = ['Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7, permessage-deflate'];
      peer.send(upgradeRequest(target.port, { path: '/', lines }));
      expect((await peer.answer()).headers.get('sec-websocket-extensions')).toMatch(/^permessage-deflate/);
      peer.destroy();
    });

    it('keeps an idle compressed connection at 40 KB or less (row 21)', async () => {
      await target.unharmed(
        async () => {
          const message = deflatedFrame(deflated(Buffer.from('many words, many words; '.repeat(200))), Opcode.text);
          const collect = () => fetch(`http://127.0.0.1:${target.port}/`).then((response) => response.text());
          const peers: RawSocket[] = [];
          const open1 = async (): Promise<void> => {
            const peer = await open();
            peer.send(message);
            await until(() => peer.frames.length > 0, 'the echo', 60_000);
            peers.push(peer);
          };
          await inParallel(Math.ceil(scale.idleConnections / 10), 16, open1);
          await collect();
          const before = { bytes: await residentBytes(target.pid), connections: peers.length };
          await inParallel(scale.idleConnections, 16, open1);
          await collect();
          const after = { bytes: await residentBytes(target.pid), connections: peers.length };
          for (const peer of peers) peer.destroy();
          const perConnection = (after.bytes - before.bytes) / (after.connections - before.connections);
          process.stdout.write(`idle compressed connection: ${Math.round(perConnection)} bytes\n`);
          expect(perConnection).toBeLessThan(MAX_IDLE_BYTES_PER_CONNECTION);
        },
        { extraBytes: scale.idleConnections * 8_192 },
      );
    });
  });

  describe('permessage-deflate with context takeover', () => {
    let target: Target;

    beforeAll(async () => {
      const perMessageDeflate = { serverNoContextTakeover: false, clientNoContextTakeover: false };
      target = await Target.engine({ maxMessageBytes: LIMIT, perMessageDeflate });
    });
    afterAll(() => target.stop());

    it('bounds memory when a peer reads none of its echoes (row 18)', async () => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const message = deflatedFrame(deflated(Buffer.alloc(LIMIT - 1)), Opcode.binary);
        const { peakBytes } = await peakDuring(target.pid, async () => {
          const peer = await RawSocket.upgrade(target.port, { path: '/', lines: OFFER });
          peer.socket.pause();
          for (let n = 0; n < 200 && !peer.isClosed; n++) await peer.sendFully(message);
          peer.socket.resume();
          await until(() => peer.hasEnded || peer.frames.length >= 4, 'echoes or the end', 30_000);
          peer.destroy();
        });
        expect(peakBytes - baselineBytes).toBeLessThan(96 * MIB);
      });
    });
  });

  describe('gateway compression', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway();
    });
    afterAll(() => target.stop());

    it('is never negotiated, so that frame sizes reveal nothing about secrets (row 20)', async () => {
      const peer = new RawSocket(target.port);
      peer.send(upgradeRequest(target.port, { lines: OFFER }));
      expect((await peer.answer()).headers.get('sec-websocket-extensions')).toBeUndefined();
      const sizes: number[] = [];
      peer.send(textFrame(JSON.stringify({ id: 1, type: 'connect', token: 'dev:eve' })));
      await until(() => peer.frames.length > 0, 'connected');
      // A guess that is right and one that is wrong, beside the secret in one answer: equally long.
      for (const guess of ['eeeeeeeeeeeeeeee', 'eve-eve-eve-eve-', '0123456789abcdef']) {
        const before = peer.frames.length;
        peer.send(textFrame(JSON.stringify({ id: guess, type: 'channels' })));
        await until(() => peer.frames.length > before, 'an answer');
        sizes.push(peer.frames.at(-1)?.payload.length ?? 0);
      }
      expect(new Set(sizes).size).toBe(1);
      expect(peer.frames.every(({ reserved }) => reserved === 0)).toBe(true);
      peer.send(frame({ first: FIN | RSV1 | Opcode.text, payload: deflated(Buffer.from('ping')) }));
      peer.send(pingFrame());
      expect(await peer.closeCode()).toBe(1002);
      peer.destroy();
    });
  });
}
