import { describe, expect, test } from 'vitest';
import { commandTypes, decodeCommand, defaultSessionLimits, errorCatalogue, ScannedCommand } from '../src/index.js';
import { readVectors } from './vectors.js';

interface CommandVectors {
  readonly valid: readonly { title: string; text: string; command: object; bodyText?: string; dataText?: string }[];
  readonly invalid: readonly { title: string; text: string; code: string; id?: unknown; type?: string }[];
}

const vectors = readVectors<CommandVectors>('commands');
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const send = (body: string, id = 7) => `{"body":${body},"to":"user/bob","id":${id},"type":"send"}`;

describe('decodeCommand', () => {
  test.each(vectors.valid)('takes: $title', ({ text, command, bodyText, dataText }) => {
    const decoded = decodeCommand(text);
    expect(decoded).toMatchObject({ ok: true });
    if (!decoded.ok) return;
    // Record by record, since `headers` and `cursors` have no prototype and missing fields are undefined.
    expect(JSON.parse(JSON.stringify(decoded.command))).toEqual(command);
    expect(decoded.bodyText).toBe(bodyText);
    expect(decoded.dataText).toBe(dataText);
    expect(decoded.id).toBe(decoded.command.id);
  });

  test.each(vectors.invalid)('refuses: $title', ({ text, code, id, type }) => {
    const decoded = decodeCommand(text);
    expect(decoded).toMatchObject({ ok: false, code, message: expect.stringMatching(/expected .*, got /) });
    if (decoded.ok) return;
    expect(decoded.id).toBe(id);
    expect(decoded.type).toBe(type);
  });

  test.each([...vectors.valid, ...vectors.invalid])(
    'ScannedCommand finds id and type without parsing: $title',
    ({ text }) => {
      const decoded = decodeCommand(text);
      const scanned = new ScannedCommand(text);
      expect(decodeCommand(scanned)).toEqual(decoded);
      // Of a text that is not an object there is nothing to find, and nothing to rely on.
      if (!decoded.ok && decoded.code === 'malformed') return;
      expect(scanned.id).toBe(decoded.id);
      expect(scanned.type).toBe(decoded.ok ? decoded.command.type : decoded.type);
    },
  );

  test('the vectors hold a valid and an invalid text of each command', () => {
    const valid = new Set(vectors.valid.map(({ command }) => (command as { type: string }).type));
    expect([...valid].sort()).toEqual([...commandTypes].sort());
    const codes = new Set(vectors.invalid.map(({ code }) => code));
    for (const code of codes) expect(errorCatalogue).toHaveProperty(code);
  });

  test('takes a body of exactly the allowed bytes and refuses one more with too_large', () => {
    const { bodyBytes } = defaultSessionLimits;
    const body = (bytes: number) => `"${'é'.repeat((bytes - 2) / 2)}${bytes % 2 ? 'x' : ''}"`;
    expect(decodeCommand(send(body(bodyBytes)))).toMatchObject({ ok: true });
    expect(decodeCommand(send(body(bodyBytes + 1)))).toMatchObject({ ok: false, code: 'too_large', id: 7 });
  });

  test('counts the decoded bytes of base64 against bodyBytes', () => {
    const withBytes = (length: number) =>
      `{"id":7,"type":"send","to":"user/bob","bytes":"${Buffer.alloc(length).toString('base64')}"}`;
    expect(decodeCommand(withBytes(65_536))).toMatchObject({ ok: true });
    expect(decodeCommand(withBytes(65_537))).toMatchObject({ ok: false, code: 'too_large', id: 7 });
  });

  test('refuses a command above commandBytes unparsed, and still answers its id', () => {
    const text = `{"id":"x","type":"ping","pad":"${'x'.repeat(131_072)}"}`;
    expect(decodeCommand(text)).toMatchObject({ ok: false, code: 'too_large', id: 'x', type: 'ping' });
  });

  test('takes a body of 64 levels, keeps it as text, and refuses 65 with the id answered', () => {
    expect(decodeCommand(send(deep(64)))).toMatchObject({ ok: true, bodyText: deep(64) });
    expect(decodeCommand(send(deep(65)))).toMatchObject({ ok: false, code: 'too_large', id: 7, type: 'send' });
  });

  test('an invalid id is never answered, however the command is refused', () => {
    const deepWithBadId = `{"id":-1,"type":"send","to":"user/bob","body":${deep(65)}}`;
    const decoded = decodeCommand(deepWithBadId);
    expect(decoded).toMatchObject({ ok: false, code: 'too_large' });
    expect(decoded.id).toBeUndefined();
  });

  test('takes 500 cursors and refuses 501', () => {
    const ack = (count: number) => {
      const cursors = Object.fromEntries(Array.from({ length: count }, (_, index) => [`user/u${index}`, 1]));
      return JSON.stringify({ id: 1, type: 'ack', cursors });
    };
    expect(decodeCommand(ack(500))).toMatchObject({ ok: true });
    expect(decodeCommand(ack(501))).toMatchObject({ ok: false, code: 'invalid_field' });
  });

  test('headers may be named __proto__ or toString', () => {
    const decoded = decodeCommand(
      '{"type":"send","to":"user/bob","body":1,"headers":{"__proto__":"x","toString":"y"}}',
    );
    if (!decoded.ok || decoded.command.type !== 'send') expect.unreachable();
    expect(JSON.stringify(decoded.command.headers)).toBe('{"__proto__":"x","toString":"y"}');
    expect(Object.getPrototypeOf(decoded.command.headers)).toBeNull();
  });

  test('error messages do not contain the received text, which may be a secret', () => {
    const decoded = decodeCommand('{"id":1,"type":"connect","device":"the secret\\u0000","token":["the secret"]}');
    if (decoded.ok) expect.unreachable();
    expect(decoded.message).not.toContain('secret');
  });
});
