// JSON that is expensive to read, and JSON with names that mean something to JavaScript. Rows 35 and 36 of
// docs/fault-catalogue.md.

import { decodeCommand, defaultSessionLimits, errorCatalogue } from '@longwire/protocol';
import { seedOfRun } from '@longwire/test-support/seeded-random';
import { until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textFrame } from '../harness/frame-writer.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

export interface HardJsonScale {
  readonly envelopes: number;
  /** How many of these also go over the wire. */
  readonly envelopesOnTheWire: number;
}

/** A little below `limits.commandBytes`, above which a message is refused by its length (1009). */
const ROOM = defaultSessionLimits.commandBytes - 500;
const MAX_DECODE_MS = 50;

const send = (body: string) => `{"id":1,"type":"send","to":"user/bob","body":${body}}`;

/** Row 35. */
const bombs: Readonly<Record<string, string>> = {
  'arrays 10 000 deep': send(`${'['.repeat(10_000)}${']'.repeat(10_000)}`),
  'an array that is never closed': send('['.repeat(ROOM)),
  'objects 10 000 deep': send(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  'depth outside of the body': `{"id":1,"type":"send","to":"user/bob","body":1,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
  'depth in front of the type': `{"x":${'['.repeat(60_000)}${']'.repeat(60_000)},"type":"ping","id":1}`,
  'a number of 60 000 digits': send('9'.repeat(60_000)),
  'a fraction of 60 000 digits': send(`0.${'3'.repeat(60_000)}`),
  'an exponent of 60 000 digits': send(`1e${'9'.repeat(60_000)}`),
  'an id of 60 000 digits': `{"id":${'9'.repeat(60_000)},"type":"ping"}`,
  '5 000 keys': send(`{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":${n}`).join()}}`),
  '10 000 times the same key': send(`{${Array.from({ length: 10_000 }, () => '"a":1').join()}}`),
  '9 000 bodies in one command': `{"id":1,"type":"send","to":"user/bob"${',"body":1'.repeat(9_000)}}`,
  'keys that hash alike in old engines': send(
    `{${Array.from({ length: 3_000 }, (_, n) => `"${'Aa'.repeat(n % 13)}${'BB'.repeat(13 - (n % 13))}${n}":0`).join()}}`,
  ),
  'an array of 30 000 items': send(`[${'0,'.repeat(30_000)}0]`),
  '9 000 escapes': send(`"${'\\u0000'.repeat(9_000)}"`),
  'an open string of backslashes': send(`"${'\\\\'.repeat(30_000)}`),
  '120 000 spaces': `${' '.repeat(60_000)}{"id":1,"type":"ping"}${' '.repeat(60_000)}`,
  'bidirectional text': send(`"${'\u202e\u2066\u2069\u200f'.repeat(2_000)}"`),
  'ten thousand combining marks': send(`"a${'\u0301'.repeat(10_000)}"`),
  'lone surrogates': send(`"${'\\ud800'.repeat(5_000)}"`),
  'a history page of 2^53 − 1 entries': '{"id":1,"type":"history","channel":"user/bob","limit":9007199254740991}',
  'a history page of −1 entries': '{"id":1,"type":"history","channel":"user/bob","limit":-1}',
  'an ack with 3 000 cursors': `{"id":1,"type":"ack","cursors":{${Array.from({ length: 3_000 }, (_, n) => `"user/u${n}":1`).join()}}}`,
  'an address of 30 000 levels': `{"id":1,"type":"send","to":"topic${'/a'.repeat(30_000)}","body":1}`,
  'an address of slashes': `{"id":1,"type":"send","to":"${'/'.repeat(60_000)}","body":1}`,
  'a user id that is not in NFC': `{"id":1,"type":"send","to":"user/${'a\u0301'.repeat(20_000)}","body":1}`,
  '60 000 padding characters of base64': `{"id":1,"type":"send","to":"user/bob","bytes":"${'='.repeat(60_000)}"}`,
  'text that is not JSON': 'x'.repeat(ROOM),
};

const trickyKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'polluted',
  'length',
];
const fieldNames = [
  ...[
    'id',
    'type',
    'to',
    'body',
    'bytes',
    'key',
    'since',
    'slot',
    'echo',
    'headers',
    'contentType',
    'replyTo',
    'ttlMs',
  ],
  ...[
    'token',
    'device',
    'cursors',
    'client',
    'channel',
    'epoch',
    'offset',
    'only',
    'before',
    'after',
    'limit',
    'retain',
  ],
];
const types = [
  'connect',
  'refresh',
  'send',
  'ack',
  'read',
  'history',
  'channels',
  'ping',
  'subscribe',
  '__proto__',
  'toString',
];

/** JSON text with keys as they come, repeated ones too: no object of JavaScript could hold them. */
const { value: jsonText } = fc.letrec<{ value: string; members: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '0', '-0', '1e400', '9007199254740993', '""', '"user/bob"', '"\\u0000"'),
    fc.integer().map(String),
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    tie('members').map((members) => `{${members}}`),
  ),
  members: fc
    .array(fc.tuple(fc.constantFrom(...trickyKeys, ...fieldNames), tie('value')), { maxLength: 5 })
    .map((members) => members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()),
}));

const envelope = fc
  .tuple(
    fc.constantFrom(...types),
    fc.array(fc.tuple(fc.constantFrom(...fieldNames, ...trickyKeys), jsonText), { maxLength: 8 }),
    fc.boolean(),
  )
  .map(([type, fields, isTypeLast]) => {
    const members = fields.map(([key, value]) => `${JSON.stringify(key)}:${value}`);
    if (isTypeLast) members.push(`"type":"${type}"`);
    else members.unshift(`"type":"${type}"`);
    return `{${members.join()}}`;
  });

export function describeHardJson(scale: HardJsonScale): void {
  describe('hostile JSON', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway();
    });
    afterAll(() => target.stop());

    const signedIn = async (): Promise<RawSocket> => {
      const peer = await RawSocket.upgrade(target.port);
      peer.send(textFrame('{"id":"in","type":"connect","token":"dev:mallory"}'));
      await until(() => peer.frames.length > 0, 'connected');
      return peer;
    };

    it.each(Object.entries(bombs))('is decoded or refused within 50 ms: %s (row 35)', (_title, text) => {
      let bestMs = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3; round++) {
        const start = process.cpuUsage();
        decodeCommand(text, defaultSessionLimits);
        const { user, system } = process.cpuUsage(start);
        bestMs = Math.min(bestMs, (user + system) / 1_000);
      }
      expect(bestMs).toBeLessThan(MAX_DECODE_MS);
    });

    it('is answered each time, and delays no other connection (row 35)', async () => {
      await target.unharmed(async () => {
        for (const [title, text] of Object.entries(bombs)) {
          const peer = await signedIn();
          const before = peer.frames.length;
          peer.send(textFrame(text));
          await until(() => peer.frames.length > before || peer.hasEnded, `an answer to ${title}`);
          peer.destroy();
        }
      });
    });

    it('changes no prototype, and decodes to a known command or an error code (row 36)', () => {
      const seed = seedOfRun('envelopes');
      const before = prototypes();
      fc.assert(
        fc.property(envelope, (text) => {
          const decoded = decodeCommand(text, defaultSessionLimits);
          if (decoded.ok) expect(types).toContain(decoded.command.type);
          else expect(Object.hasOwn(errorCatalogue, decoded.code)).toBe(true);
          expect(prototypes()).toBe(before);
        }),
        { seed, numRuns: scale.envelopes },
      );
    });

    it('is answered with protocol messages only, and never with the error internal (row 36)', async () => {
      const seed = seedOfRun('envelopes on the wire');
      const texts = fc.sample(envelope, { seed, numRuns: scale.envelopesOnTheWire });
      await target.unharmed(async () => {
        const peer = await signedIn();
        for (const text of texts) peer.send(textFrame(text));
        peer.send(textFrame('{"id":"last","type":"ping"}'));
        // Answers to sends may come after it: they wait for the disk.
        const isLast = (payload: Buffer) => payload.includes('"re":"last"');
        await until(() => peer.hasEnded || peer.frames.some(({ payload }) => isLast(payload)), 'the last pong');
        expect(peer.frames.filter(({ opcode }) => opcode === 8)).toEqual([]);
        for (const { payload } of peer.frames) {
          const answer = JSON.parse(String(payload)) as { type: unknown };
          expect(typeof answer.type).toBe('string');
          if (answer.type === 'error') expect(String(payload)).not.toContain('"internal"');
        }
        peer.destroy();
      });
    });
  });
}

/** What every object of this process inherits. */
function prototypes(): string {
  const names = [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).length);
  return [...names, String(({} as { polluted?: unknown }).polluted)].join();
}
