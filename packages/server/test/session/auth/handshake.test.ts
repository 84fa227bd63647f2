import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasDuplicateMember } from '../../../src/session/auth/duplicate-member.js';
import { credentialFromHandshake } from '../../../src/session/auth/handshake-credential.js';
import { isOriginAllowed } from '../../../src/session/auth/origin-policy.js';

describe('credentialFromHandshake', () => {
  const v1 = 'longwire.v1.json';
  it.each<[string, string | undefined, string[], string | undefined]>([
    ['nothing', undefined, [], undefined],
    ['no bearer among the subprotocols', undefined, [v1], undefined],
    ['the header', 'Bearer abc', [v1], 'abc'],
    ['the header, its scheme in small letters', 'bearer   abc', [], 'abc'],
    ['the subprotocol', undefined, [v1, 'bearer.a.b.c'], 'a.b.c'],
    ['the same token twice', 'Bearer abc', ['bearer.abc'], 'abc'],
    ['credentials for a proxy', 'Basic YWxpY2U6eA==', [v1], undefined],
    ['an empty bearer, which is refused when it is judged', 'Bearer', [], ''],
    ['a scheme that begins alike', 'Bearerer abc', [], undefined],
  ])('finds the token in %s', (_where, authorization, offeredSubprotocols, token) => {
    expect(credentialFromHandshake({ headers: { authorization }, offeredSubprotocols })).toEqual({ ok: true, token });
  });

  it.each<[string, string | undefined, string[]]>([
    ['two tokens in two places', 'Bearer abc', ['bearer.def']],
    ['two tokens among the subprotocols', undefined, ['bearer.abc', v1, 'bearer.def']],
    ['a dev token', 'Bearer dev:alice', []],
  ])('refuses %s', (_what, authorization, offeredSubprotocols) => {
    expect(credentialFromHandshake({ headers: { authorization }, offeredSubprotocols })).toMatchObject({ ok: false });
  });
});

describe('isOriginAllowed', () => {
  const listed = ['https://app.example.org', 'http://localhost:5173'];
  it.each<[string | undefined, string | undefined, boolean]>([
    [undefined, 'chat.example.org', true],
    ['https://chat.example.org', 'chat.example.org', true],
    ['http://chat.example.org:8080', 'chat.example.org:8080', true],
    ['https://chat.example.org', 'chat.example.org:443', true],
    ['https://CHAT.example.org', 'chat.EXAMPLE.org', true],
    ['http://[::1]:8080', '[::1]:8080', true],
    ['https://app.example.org', 'chat.example.org', true],
    ['http://localhost:5173', 'chat.example.org', true],
    ['http://app.example.org', 'chat.example.org', false],
    ['https://app.example.org:444', 'chat.example.org', false],
    ['https://chat.example.org:8443', 'chat.example.org', false],
    ['https://chat.example.org.evil.example', 'chat.example.org', false],
    ['https://evil.example', 'chat.example.org', false],
    ['https://evil.example/https://chat.example.org', 'chat.example.org', false],
    ['https://chat.example.org@evil.example', 'chat.example.org', false],
    ['https://evil.example@chat.example.org', 'chat.example.org', false],
    ['https://chat.example.org', 'evil@chat.example.org', false],
    ['https://chat.example.org', 'chat.example.org/x', false],
    ['null', 'chat.example.org', false],
    ['', 'chat.example.org', false],
    ['file://', 'chat.example.org', false],
    ['chrome-extension://abcdef', 'chat.example.org', false],
    ['https://chat.example.org', undefined, false],
  ])('Origin %s at Host %s: %s', (origin, host, isAllowed) => {
    expect(isOriginAllowed(origin, host, listed)).toBe(isAllowed);
  });
});

describe('hasDuplicateMember', () => {
  it('sees a name twice in one object, however deep and however escaped', () => {
    for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"b":{"a":1,"c":[],"a":{}}}]', '{"":1,"":2}']) {
      expect(hasDuplicateMember(text), text).toBe(true);
    }
  });

  it('takes whatever JSON.stringify writes, strings full of brackets and quotes included', () => {
    const tricky = fc.array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'a'), { maxLength: 6 });
    const name = tricky.map((parts) => parts.join(''));
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        name,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(name, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (json, indent) => {
        expect(hasDuplicateMember(JSON.stringify(json, undefined, indent))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
