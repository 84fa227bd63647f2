// Floods of pings and pongs, and answers that are not read. Row 23 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, residentBytes } from '@longwire/test-support/process-facts';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIN, frame, Opcode, pingFrame, textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface ControlFloodScale {
  readonly attackers: number;
  readonly pongs: number;
  /** Texts and bad commands to a server whose answers are not read. */
  readonly unreadMegabytes: number;
}

const MIB = 1_048_576;

export function describeControlFloods(scale: ControlFloodScale): void {
  describe('control frame floods', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway(raisedRates);
    });
    afterAll(() => target.stop());

    it('close a peer with 1008 that sends a thousand pings within a second (row 23)', async () => {
      await target.unharmed(async () => {
        const flood = Buffer.concat(Array.from({ length: 5_000 }, () => pingFrame('x'.repeat(125))));
        await inParallel(scale.attackers, scale.attackers, async () => {
          const peer = await RawSocket.upgrade(target.port);
          peer.send(flood);
          // The rest of the flood is on its way when the server ends: its RST may overtake the Close frame.
          expect([1008, 1006]).toContain(await peer.closeCode());
          expect(peer.frames.filter(({ opcode }) => opcode === Opcode.pong).length).toBeLessThan(1_000);
          peer.destroy();
        });
      });
    });

    it('close with 1008 at exactly the thousandth ping (row 23)', async () => {
      const peer = await RawSocket.upgrade(target.port);
      peer.send(Buffer.concat(Array.from({ length: 1_000 }, (_, n) => pingFrame(String(n)))));
      expect(await peer.closeCode()).toBe(1008);
      peer.destroy();
    });

    it('get one pong for each of 900 pings, with its payload and in order (row 23)', async () => {
      const peer = await RawSocket.upgrade(target.port);
      const payloads = Array.from({ length: 900 }, (_, n) => String(n).padEnd(125, '.'));
      peer.send(Buffer.concat(payloads.map((payload) => pingFrame(payload))));
      await until(() => peer.frames.length >= payloads.length, 'all pongs');
      expect(peer.frames.map(({ payload }) => String(payload))).toEqual(payloads);
      peer.destroy();
    });

    it('may consist of unsolicited pongs, which are ignored (row 23)', async () => {
      await target.unharmed(async () => {
        const pongs = Buffer.concat(
          Array.from({ length: 1_000 }, () => frame({ first: FIN | Opcode.pong, payload: 'x'.repeat(125) })),
        );
        const peer = await RawSocket.upgrade(target.port);
        for (let sent = 0; sent < scale.pongs; sent += 1_000) await peer.sendFully(pongs);
        peer.send(textFrame('ping'));
        await until(() => peer.frames.length > 0, 'an answer behind them');
        expect(peer.frames.map(({ payload }) => String(payload))).toEqual(['pong']);
        peer.destroy();
      });
    });

    const unread: readonly (readonly [string, Buffer])[] = [
      ['the bare text ping', textFrame('ping')],
      ['commands with a field out of range', textFrame('{"id":1,"type":"history","channel":"user/bob","limit":0}')],
      ['commands that are refused', textFrame('{"id":1,"type":"connect","token":"dev:greedy"}')],
    ];
    it.each(unread)('bound the memory of unread answers to %s, and lose none of them (row 23)', async (_what, ask) => {
      await target.unharmed(async () => {
        const peer = await RawSocket.upgrade(target.port);
        peer.send(textFrame('{"id":"first","type":"connect","token":"dev:greedy"}'));
        await until(() => peer.frames.length > 0, 'connected');
        peer.socket.pause();
        const baselineBytes = await residentBytes(target.pid);
        const batch = Buffer.concat(Array.from({ length: 1_000 }, () => ask));
        const total = Math.ceil((scale.unreadMegabytes * MIB) / batch.length);
        const { peakBytes } = await peakDuring(target.pid, async () => {
          const sending = (async () => {
            for (let n = 0; n < total; n++) await peer.sendFully(batch);
          })();
          await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 1_500))]);
          peer.socket.resume();
          await untilQuiet(peer, () => peer.frames.length >= total * 1_000 + 1);
          await sending;
        });
        expect(
          peer.frames.filter(({ opcode }) => opcode === Opcode.close).map(({ payload }) => payload.readUInt16BE(0)),
        ).toEqual([]);
        expect(peer.frames.length).toBe(total * 1_000 + 1);
        expect(peakBytes - baselineBytes).toBeLessThan(48 * MIB);
        peer.destroy();
      });
    });
  });
}

/** Waits for all answers; as there are many, it parses them only when nothing has come for a moment. */
async function untilQuiet(peer: RawSocket, isDone: () => boolean): Promise<void> {
  let bytes = -1;
  await until(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const isQuiet = peer.receivedBytes === bytes;
      bytes = peer.receivedBytes;
      return isQuiet && (isDone() || peer.hasEnded);
    },
    'all answers',
    60_000,
  );
}
