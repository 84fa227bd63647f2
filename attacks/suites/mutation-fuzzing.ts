// Mutated input for every parser that an unauthenticated peer can reach. Row 26 of docs/fault-catalogue.md, and for message
// boundaries after inflating row 19. The outcome of an input guides the search: one with a new outcome is mutated further.

import { isDeepStrictEqual } from 'node:util';
import { decodeCommand, decodeServerMessage, defaultSessionLimits, errorCatalogue } from '@longwire/protocol';
import { SeededRandom, seedOfRun } from '@longwire/test-support/seeded-random';
import {
  type CheckedHandshake,
  checkHandshake,
  type HandshakeRefusal,
  resolveWebSocketOptions,
} from '@longwire/websocket';
import { describe, expect, it } from 'vitest';
import { keepInCorpus, readCorpus } from '../harness/corpus.js';
import { deflated, inflatedByReference } from '../harness/deflated.js';
import { EngineInMemory } from '../harness/engine-in-memory.js';
import { closeFrame, FIN, frame, Opcode, pingFrame, RSV1, textFrame } from '../harness/frame-writer.js';
import { mutated } from '../harness/mutator.js';

export interface FuzzScale {
  /** For all parsers together. */
  readonly durationMs: number;
}

interface FuzzTarget {
  readonly name: string;
  /** Share of the time. */
  readonly share: number;
  readonly seeds: readonly Buffer[];
  /** Runs one input; throws if a rule was broken. Returns what happened, in few words. */
  run(input: Buffer, random: SeededRandom): string | Promise<string>;
}

const MAX_MESSAGE_BYTES = 4_096;
const SENTINEL = 'sentinel';
const plain = resolveWebSocketOptions({ maxMessageBytes: MAX_MESSAGE_BYTES });
const compressing = resolveWebSocketOptions({ maxMessageBytes: MAX_MESSAGE_BYTES, perMessageDeflate: true });

const frameSeeds = [
  textFrame('hello'),
  frame({ first: Opcode.text, payload: 'hel' }),
  Buffer.concat([frame({ first: Opcode.binary, payload: 'a' }), pingFrame('p'), frame({ first: FIN, payload: 'b' })]),
  Buffer.concat([textFrame('ä€😀'), closeFrame(1000, 'bye')]),
  frame({ first: FIN | Opcode.binary, payload: Buffer.alloc(300, 1) }),
  frame({ first: FIN | RSV1 | Opcode.text, payload: deflated(Buffer.from('hello hello hello')) }),
];

const handshakeSeeds = [
  'Host\x0a7.0.0.1\0Upgrade\0websocket\0Connection\0Upgrade\0Sec-WebSocket-Key\0dGhlIHNhbXBsZSBub25jZQ==\0Sec-WebSocket-Version\x0013',
  'Host\0h\0Upgrade\0websocket\0Connection\0keep-alive, Upgrade\0Sec-WebSocket-Key\0dGhlIHNhbXBsZSBub25jZQ==\0Sec-WebSocket-Version\x0013\0Sec-WebSocket-Extensions\0permessage-deflate; client_max_window_bits, x; y="z"\0Sec-WebSocket-Protocol\0a, b',
].map((text) => Buffer.from(text));

const commandSeeds = [
  '{"id":1,"type":"connect","token":"dev:alice","device":"d","cursors":{"user/bob":{"epoch":"k3","offset":17}}}',
  '{"id":"x","type":"send","to":"user/bob","body":{"text":"hi"},"key":"k","since":{"epoch":"k3","offset":2},"headers":{"a":"b"}}',
  '{"type":"send","to":"user/bob","bytes":"AAEC/w==","contentType":"image/png","replyTo":{"epoch":"k","offset":1}}',
  '{"id":2,"type":"ack","cursors":{"user/bob":4,"inbox":{"epoch":"k","offset":1}}}',
  '{"id":3,"type":"history","channel":"user/bob","before":{"epoch":"k3","offset":3},"limit":2}',
  '{"re":1,"type":"sent","channel":"user/bob","epoch":"k3","offset":1,"at":1790000000412}',
  '{"type":"message","channel":"user/bob","epoch":"k3","offset":2,"from":"bob","at":1,"body":"\\u0062\\ud83d\\ude00"}',
].map((text) => Buffer.from(text));

const fuzzTargets: readonly FuzzTarget[] = [
  { name: 'frames', share: 0.35, seeds: frameSeeds, run: runFrames },
  {
    name: 'deflate',
    share: 0.3,
    seeds: ['', 'a', 'hello hello hello', 'x'.repeat(3_000)].flatMap((text) =>
      [0, 1, 9].map((level) => deflated(Buffer.from(text), level)),
    ),
    run: runDeflate,
  },
  { name: 'handshakes', share: 0.1, seeds: handshakeSeeds, run: runHandshake },
  { name: 'commands', share: 0.15, seeds: commandSeeds, run: runCommand },
  { name: 'server-messages', share: 0.1, seeds: commandSeeds, run: runServerMessage },
];

export function describeMutationFuzzing(scale: FuzzScale): void {
  describe('mutated input', () => {
    const seed = seedOfRun('mutation fuzzing');

    it.each(fuzzTargets)(
      'never makes the parser of $name throw or deliver a wrong message (row 26)',
      async (target) => {
        const random = new SeededRandom(seed);
        const pool = [...target.seeds, ...readCorpus(target.name)];
        const outcomes = new Set<string>();
        for (const input of pool) outcomes.add(await runNamed(target, input, random));
        const end = performance.now() + scale.durationMs * target.share;
        let runs = pool.length;
        while (performance.now() < end) {
          // Looking at the clock costs more than many an input.
          for (let n = 0; n < 20; n++, runs++) {
            const input = mutated(pool, random);
            const outcome = await runNamed(target, input, random);
            if (outcomes.has(outcome)) continue;
            outcomes.add(outcome);
            pool.push(input);
            keepInCorpus(target.name, input);
          }
        }
        process.stdout.write(`${target.name}: ${runs} inputs, ${outcomes.size} kinds of outcome\n`);
        expect(outcomes.size).toBeGreaterThan(1);
      },
    );
  });
}

async function runNamed(target: FuzzTarget, input: Buffer, random: SeededRandom): Promise<string> {
  const copy = Buffer.from(input);
  try {
    return await target.run(input, random);
  } catch (cause) {
    throw new Error(`${target.name}: the input ${copy.toString('hex')}: ${String(cause)}`, { cause });
  }
}

/** The same bytes in two chunkings must be the same messages and the same end. */
async function runFrames(input: Buffer, random: SeededRandom): Promise<string> {
  const isCompressed = random.below(2) === 0;
  const whole = await readAll([input], isCompressed);
  const at = random.below(input.length + 1);
  const parted = await readAll([input.subarray(0, at), input.subarray(at)], isCompressed);
  must(isDeepStrictEqual(parted, whole), 'another chunking of the same bytes was read otherwise');
  const kinds = whole.messages.map((message) => (typeof message === 'string' ? 't' : 'b')).join('');
  return `${isCompressed} ${kinds.slice(0, 3)} ${whole.end}`;
}

async function readAll(
  chunks: readonly Buffer[],
  isCompressed: boolean,
): Promise<{ readonly messages: readonly (string | Buffer)[]; readonly end: string }> {
  const options = isCompressed ? compressing : plain;
  const engine = new EngineInMemory(options, isCompressed ? 'permessage-deflate' : undefined);
  // A copy: the engine unmasks in place.
  for (const chunk of chunks) engine.feed(Buffer.from(chunk));
  await engine.finish();
  must(engine.closes.length === 1, `onClose was called ${engine.closes.length} times`);
  // What is neither deflate nor UTF-8 may fail as either; the code is the same (1007).
  const [close] = engine.closes;
  return { messages: engine.messages, end: `${close?.initiator} ${close?.error?.closeCode ?? close?.code}` };
}

/** A compressed message, then a sentinel: what arrives must be what zlib makes of it, and the sentinel, or an error. */
async function runDeflate(input: Buffer, random: SeededRandom): Promise<string> {
  const engine = new EngineInMemory(compressing, 'permessage-deflate');
  for (const piece of fragments(input, random)) engine.feed(piece);
  engine.feed(textFrame(SENTINEL));
  await engine.finish();
  const reference = inflatedByReference(input, MAX_MESSAGE_BYTES);
  const [first, second, ...more] = engine.messages;
  must(engine.closes.length === 1, `onClose was called ${engine.closes.length} times`);
  must(more.length === 0, 'more messages than were sent');
  const code = engine.closes[0]?.error?.closeCode;
  if (first === undefined) {
    must(code === 1002 || code === 1007 || code === 1009, `closed with ${code}`);
    must(reference === undefined, 'zlib could read what was refused');
    return `refused ${code}`;
  }
  // Two messages and no more: the bytes of one never become the beginning of the next.
  must(Buffer.isBuffer(first) && second === SENTINEL, 'the sentinel did not follow the message');
  if (reference !== undefined) must(reference.equals(first as Buffer), 'zlib reads it otherwise');
  return `taken ${reference === undefined ? 'in several streams' : 'as zlib does'} ${Math.ceil(Math.log2(first.length + 1))}`;
}

function fragments(payload: Buffer, random: SeededRandom): readonly Buffer[] {
  if (random.below(2) === 0) return [frame({ first: FIN | RSV1 | Opcode.binary, payload })];
  const at = random.below(payload.length + 1);
  return [
    frame({ first: RSV1 | Opcode.binary, payload: payload.subarray(0, at) }),
    pingFrame(),
    frame({ first: FIN | Opcode.continuation, payload: payload.subarray(at) }),
  ];
}

function runHandshake(input: Buffer): string {
  const rawHeaders = input.toString('latin1').split('\0');
  const result: CheckedHandshake | HandshakeRefusal = checkHandshake(
    { method: 'GET', httpVersion: '1.1', rawHeaders },
    compressing,
  );
  if (!result.isAccepted) {
    must([400, 426, 431].includes(result.status), `refused with ${result.status}`);
    return `${result.status} ${result.body}`;
  }
  must(/^[A-Za-z0-9+/]{22}==$/.test(result.key), 'an invalid accept key');
  must(!/[\r\n]/.test(result.deflate?.header ?? ''), 'a line break in the answer');
  return `accepted ${result.deflate?.header} ${result.offeredSubprotocols.length}`;
}

function runCommand(input: Buffer): string {
  const decoded = decodeCommand(input.toString('utf8'), defaultSessionLimits);
  if (!decoded.ok) {
    must(Object.hasOwn(errorCatalogue, decoded.code), `no error code: ${decoded.code}`);
    // Messages name what came, after a comma or a colon; before it stands which rule it broke.
    return `${decoded.code} ${/^[a-z.A-Z]{0,20}/.exec(decoded.message)?.[0]}`;
  }
  const { command, bodyText } = decoded;
  // What is kept as text must be JSON by itself, or readers could not read it.
  if (bodyText !== undefined) JSON.parse(bodyText);
  return `${command.type} ${Object.keys(command).length}`;
}

function runServerMessage(input: Buffer): string {
  const decoded = decodeServerMessage(input.toString('utf8')) as unknown as
    | Readonly<Record<string, unknown>>
    | undefined;
  return decoded === undefined ? 'nothing' : Object.keys(decoded).sort().join().slice(0, 80);
}

/** As `expect`, which costs more than most inputs do. */
function must(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}
