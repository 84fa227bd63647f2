// Frames that break a rule, invalid UTF-8, and absurd lengths. Rows 13-15 of docs/fault-catalogue.md.

import { inParallel } from '@longwire/test-support/in-parallel';
import { residentBytes } from '@longwire/test-support/process-facts';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeFrame, FIN, frame, Opcode, RSV1, textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface FrameScale {
  /** Frames of which only an absurd header is sent, each on a connection of its own. */
  readonly absurdHeaders: number;
  /** Connections that announce a message of the greatest size and never send it. */
  readonly announcements: number;
}

interface BadInput {
  readonly title: string;
  readonly bytes: Buffer;
}

const MIB = 1_048_576;
/** `limits.commandBytes`, unless configured. */
const MAX_MESSAGE_BYTES = 131_072;
/** The server ends TCP within a second of the fault. */
const ENDED_WITHIN_MS = 3_000;

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const joined = (...frames: Buffer[]) => Buffer.concat(frames);

/** Row 13. RFC 6455 §5.1, §5.2, §5.4, §5.5, §7.4. */
const violations: readonly BadInput[] = [
  { title: 'an unmasked frame', bytes: frame({ payload: 'hello', mask: 'none' }) },
  { title: 'an unmasked ping', bytes: frame({ first: FIN | Opcode.ping, mask: 'none' }) },
  ...[0x40, 0x20, 0x10, 0x70].map((bits) => ({
    title: `reserved bits ${bits.toString(2)}`,
    bytes: frame({ first: FIN | bits | Opcode.text, payload: 'x' }),
  })),
  { title: 'RSV1 on a ping', bytes: frame({ first: FIN | RSV1 | Opcode.ping }) },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    title: `the reserved opcode ${opcode}`,
    bytes: frame({ first: FIN | opcode, payload: 'x' }),
  })),
  { title: 'a ping of 126 bytes', bytes: frame({ first: FIN | Opcode.ping, payload: 'x'.repeat(126) }) },
  { title: 'a close of 126 bytes', bytes: closeFrame(1000, 'x'.repeat(124)) },
  { title: 'a fragmented ping', bytes: frame({ first: Opcode.ping, payload: 'x' }) },
  { title: 'a fragmented close', bytes: frame({ first: Opcode.close }) },
  { title: 'a continuation of nothing', bytes: frame({ first: FIN | Opcode.continuation, payload: 'x' }) },
  { title: 'an unfinished continuation of nothing', bytes: frame({ first: Opcode.continuation, payload: 'x' }) },
  { title: 'a message within a message', bytes: joined(frame({ first: Opcode.text, payload: '[' }), textFrame(']')) },
  { title: 'a close of one byte', bytes: frame({ first: FIN | Opcode.close, payload: hex('03') }) },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => ({
    title: `the close code ${code}`,
    bytes: closeFrame(code),
  })),
  { title: 'a length of 5 in 16 bits', bytes: frame({ payload: 'hello', lengthBits: 16 }) },
  { title: 'a length of 5 in 64 bits', bytes: frame({ payload: 'hello', lengthBits: 64 }) },
  { title: 'a length of 65 535 in 64 bits', bytes: frame({ claimedBytes: 65_535n, lengthBits: 64 }) },
  { title: 'a length with the highest bit', bytes: frame({ claimedBytes: 1n << 63n }) },
];

/** Row 14. Each is part of a longer text whose rest never comes: the fault must be seen at the first bad byte. */
const badText: readonly BadInput[] = [
  ['an overlong slash', 'c0 af'],
  ['an overlong NUL', 'e0 80 80'],
  ['an overlong euro sign', 'f0 82 82 ac'],
  ['a surrogate', 'ed a0 80'],
  ['a pair of surrogates', 'ed a1 8c ed be b4'],
  ['more than U+10FFFF', 'f4 90 80 80'],
  ['a byte that UTF-8 has not', 'ff'],
  ['a lead byte of five', 'f8 88 80 80 80'],
  ['a continuation byte alone', '61 80'],
  ['a character cut off by another', 'e2 82 61'],
].flatMap(([title, bytes]) => {
  const payload = hex(bytes as string);
  return [
    { title: `${title}, in a frame that goes on`, bytes: frame({ payload, claimedBytes: 100n }) },
    { title: `${title}, in a fragment`, bytes: frame({ first: Opcode.text, payload }) },
    {
      title: `${title}, over two fragments`,
      bytes: joined(
        frame({ first: Opcode.text, payload: payload.subarray(0, 1) }),
        frame({ first: Opcode.continuation, payload: payload.subarray(1) }),
        // A single bad byte has no second half; what follows it is bad then.
        frame({ first: Opcode.continuation, payload: hex('80') }),
      ),
    },
    { title: `${title}, in the reason of a close`, bytes: closeFrame(1000, payload) },
  ];
});

/** Row 15: refused for what the header says, before anything of the payload. */
const absurdLengths: readonly (BadInput & { readonly codes: readonly number[] })[] = [
  { title: '2^63', bytes: frame({ claimedBytes: 1n << 63n }), codes: [1002, 1009] },
  { title: '2^64 − 1', bytes: frame({ claimedBytes: (1n << 64n) - 1n }), codes: [1002, 1009] },
  { title: '2^63 − 1', bytes: frame({ claimedBytes: (1n << 63n) - 1n }), codes: [1009] },
  { title: '2^53 + 1', bytes: frame({ claimedBytes: (1n << 53n) + 1n }), codes: [1009] },
  { title: '2^32', bytes: frame({ claimedBytes: 1n << 32n }), codes: [1009] },
  { title: '2^31', bytes: frame({ claimedBytes: 1n << 31n }), codes: [1009] },
  { title: 'limit + 1', bytes: frame({ claimedBytes: BigInt(MAX_MESSAGE_BYTES + 1) }), codes: [1009] },
  {
    title: 'limit + 1 over two fragments',
    bytes: joined(
      frame({ first: Opcode.binary, payload: 'x' }),
      frame({ first: FIN | Opcode.continuation, claimedBytes: BigInt(MAX_MESSAGE_BYTES) }),
    ),
    codes: [1009],
  },
];

export function describeFrameAttacks(scale: FrameScale): void {
  describe('invalid frames', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway({ LONGWIRE_LIMITS_CONNECT_TIMEOUT_MS: '60000' });
    });
    afterAll(() => target.stop());

    it('are closed with 1002 and the end of TCP, whichever rule they break (row 13)', async () => {
      await target.unharmed(() => expectCloses(target, violations, [1002]));
    });

    it('with invalid UTF-8 are closed with 1007 at the first bad byte, in a close reason with 1002 or 1007 (row 14)', async () => {
      const inReason = badText.filter(({ title }) => title.includes('reason'));
      const inText = badText.filter(({ title }) => !title.includes('reason'));
      await target.unharmed(async () => {
        await expectCloses(target, inText, [1007]);
        await expectCloses(target, inReason, [1002, 1007]);
      });
    });

    it('with invalid UTF-8 are closed with 1007 also when each byte is a segment of its own (row 14)', async () => {
      await target.unharmed(async () => {
        const peer = await RawSocket.upgrade(target.port);
        for (const byte of frame({ payload: hex('68 c3 a4 ed a0'), claimedBytes: 100n })) {
          await peer.sendFully(Buffer.from([byte]));
        }
        expect(await peer.closeCode()).toBe(1007);
        peer.destroy();
      });
    });

    it.each(absurdLengths)(
      'with a length of $title are closed on the header alone (row 15)',
      async ({ bytes, codes }) => {
        const peer = await RawSocket.upgrade(target.port);
        peer.send(bytes);
        expect(codes).toContain(await peer.closeCode());
        peer.destroy();
      },
    );

    it('with absurd lengths cause no allocation (row 15)', async () => {
      const sendOne = async (index: number): Promise<void> => {
        const peer = await RawSocket.upgrade(target.port);
        peer.send(absurdLengths[index % absurdLengths.length]!.bytes);
        expect(await peer.closeCode()).toBeGreaterThanOrEqual(1002);
        peer.destroy();
      };
      // The cost of the connections themselves is paid before the measurement.
      await inParallel(Math.ceil(scale.absurdHeaders / 5), 20, sendOne);
      await target.unharmed(() => inParallel(scale.absurdHeaders, 20, sendOne));
    });

    it('that announce a payload of commandBytes and never send it cause no allocation (row 15)', async () => {
      await target.unharmed(async () => {
        const peers: RawSocket[] = [];
        await inParallel(scale.announcements, 50, async () => {
          peers.push(await RawSocket.upgrade(target.port));
        });
        const idleBytes = await residentBytes(target.pid);
        const announcement = frame({ first: Opcode.binary, claimedBytes: BigInt(MAX_MESSAGE_BYTES - 1) });
        for (const peer of peers) peer.send(announcement);
        // A ping cannot be sent within the frame, so the server's reading shows in its processor time only; the next
        // connection is served after all of them.
        const last = await RawSocket.upgrade(target.port);
        last.send(textFrame('ping'));
        await until(() => last.frames.length > 0, 'a pong');
        const growthBytes = (await residentBytes(target.pid)) - idleBytes;
        for (const peer of [...peers, last]) peer.destroy();
        expect(growthBytes / MIB).toBeLessThan((scale.announcements * MAX_MESSAGE_BYTES) / 8 / MIB + 8);
      });
    });
  });
}

async function expectCloses(target: Target, inputs: readonly BadInput[], codes: readonly number[]): Promise<void> {
  const wrong: string[] = [];
  await inParallel(inputs.length, 8, async (index) => {
    const { title, bytes } = inputs[index]!;
    const peer = await RawSocket.upgrade(target.port);
    peer.send(bytes);
    const code = await peer.closeCode();
    const endedMs = await peer.ended();
    if (!codes.includes(code)) wrong.push(`${title}: ${code}`);
    if (endedMs > stretched(ENDED_WITHIN_MS)) wrong.push(`${title}: TCP ended only after ${Math.round(endedMs)} ms`);
    peer.destroy();
  });
  expect(wrong).toEqual([]);
}
