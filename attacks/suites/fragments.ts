// Messages that never end, and bytes that come one by one. Rows 16 and 17 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { peakDuring, processorMs, residentBytes } from '@longwire/test-support/process-facts';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIN, frame, Opcode } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface FragmentScale {
  readonly connections: number;
  /** How often each of them comes again after it was closed. */
  readonly rounds: number;
  /** Bytes sent one by one; then twice as many. */
  readonly singleBytes: number;
}

const MIB = 1_048_576;
const MAX_MESSAGE_BYTES = 131_072;
/** Fragments of one write; enough that the sender is not what is measured. */
const FRAGMENTS_PER_WRITE = 4_096;
const MAX_PROCESSOR_MS_PER_MIB = 2_000;

export function describeFragmentAttacks(scale: FragmentScale): void {
  describe('fragmented messages', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.engine({ maxMessageBytes: MAX_MESSAGE_BYTES });
    });
    afterAll(() => target.stop());

    it.each([
      ['empty', ''],
      ['of one byte', 'x'],
    ])('without end, in fragments %s, are closed with 1009 at maxMessageBytes (row 16)', async (_title, payload) => {
      await target.unharmed(async () => {
        const baselineBytes = await residentBytes(target.pid);
        const first = frame({ first: Opcode.binary, payload });
        const more = Buffer.concat(
          Array.from({ length: FRAGMENTS_PER_WRITE }, () => frame({ first: Opcode.continuation, payload })),
        );
        const codes: number[] = [];
        const { peakBytes } = await peakDuring(target.pid, async () => {
          await inParallel(scale.connections * scale.rounds, scale.connections, async () => {
            const peer = await RawSocket.upgrade(target.port, { path: '/' });
            peer.send(first);
            // Two writes more than the limit allows: then there is nothing left to say.
            const writes = Math.ceil(MAX_MESSAGE_BYTES / FRAGMENTS_PER_WRITE) + 2;
            for (let n = 0; n < writes && !peer.hasEnded; n++) await peer.sendFully(more);
            codes.push(await peer.closeCode());
            peer.destroy();
          });
        });
        // A server that closes while data is on its way may be answered with RST, which takes the Close frame along.
        expect(codes.filter((code) => code !== 1009 && code !== 1006)).toEqual([]);
        expect(codes.filter((code) => code === 1009).length).toBeGreaterThan(codes.length / 2);
        // 1.5 times the limit each, and what Node keeps for reading.
        const allowedBytes = scale.connections * MAX_MESSAGE_BYTES * 1.5 + 48 * MIB;
        expect(peakBytes - baselineBytes).toBeLessThan(allowedBytes);
      });
    });

    it('below maxMessageBytes are accepted in fragments of one byte (row 16)', async () => {
      const peer = await RawSocket.upgrade(target.port, { path: '/' });
      const count = MAX_MESSAGE_BYTES / 2 - 1;
      const more = Buffer.concat(
        Array.from({ length: count - 2 }, () => frame({ first: Opcode.continuation, payload: 'x' })),
      );
      peer.send(frame({ first: Opcode.text, payload: 'x' }));
      peer.send(more);
      peer.send(frame({ first: FIN | Opcode.continuation, payload: 'x' }));
      await until(() => peer.frames.length > 0, 'the echo');
      expect(peer.frames[0]?.payload.length).toBe(count);
      peer.destroy();
    });
  });

  describe('messages in segments of one byte', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.engine({ maxMessageBytes: 16 * MIB });
    });
    afterAll(() => target.stop());

    it('cost processor time that is linear in their length (row 17)', async () => {
      await target.unharmed(async () => {
        await costOf(target, scale.singleBytes / 4);
        const once = await leastCostOf(target, scale.singleBytes);
        const fourTimes = await leastCostOf(target, 4 * scale.singleBytes);
        const perMib = (fourTimes / (4 * scale.singleBytes)) * MIB;
        process.stdout.write(`byte by byte: ${Math.round(perMib)} ms of processor time per MiB\n`);
        // 4 if linear, 16 if quadratic. /proc counts in steps of 10 ms.
        expect(fourTimes / Math.max(once, 20)).toBeLessThan(9);
        expect(perMib).toBeLessThan(MAX_PROCESSOR_MS_PER_MIB * 5);
      });
    });
  });
}

/** The least of three measurements: what else the machine does can only add to each. */
async function leastCostOf(target: Target, payloadBytes: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) least = Math.min(least, await costOf(target, payloadBytes));
  return least;
}

/** Processor time of the server for a message of which each byte is a write, and so a segment, of its own. */
async function costOf(target: Target, payloadBytes: number): Promise<number> {
  const peer = await RawSocket.upgrade(target.port, { path: '/' });
  const bytes = frame({ first: FIN | Opcode.binary, payload: Buffer.alloc(payloadBytes, 1) });
  const before = await processorMs(target.pid);
  for (let at = 0; at < bytes.length; at++) {
    peer.socket.write(bytes.subarray(at, at + 1));
    // The sender must not run ahead, or its own stream would join the pieces.
    if (peer.socket.writableLength > 0) await new Promise((resolve) => peer.socket.once('drain', resolve));
    if (at % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => peer.frames.length > 0, 'the echo', 60_000);
  const cost = (await processorMs(target.pid)) - before;
  peer.destroy();
  return cost;
}
