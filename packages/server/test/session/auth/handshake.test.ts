import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasDuplicateMember } from '../../../src/session/auth/duplicate-member.js';
import { credentialFromHandshake } from '../../../src/session/auth/handshake-credential.js';

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
    ['the same Authorization header twice', 'Bearer abc, Bearer abc', [], 'abc'],
    ['no Bearer of a list', 'Digest username="a", realm="b"', [], undefined],
  ])('finds the token in %s', (_where, authorization, offeredSubprotocols, token) => {
    expect(credentialFromHandshake({ headers: { authorization }, offeredSubprotocols })).toEqual({ ok: true, token });
  });

  it.each<[string, string | undefined, string[]]>([
    ['two tokens in two places', 'Bearer abc', ['bearer.def']],
    ['two tokens among the subprotocols', undefined, ['bearer.abc', v1, 'bearer.def']],
    ['a dev token', 'Bearer dev:alice', []],
    ['two Authorization headers, joined by Node', 'Bearer abc, Bearer def', []],
    ['two Authorization headers of different schemes', 'Basic YWxpY2U6eA==, Bearer abc', []],
  ])('refuses %s', (_what, authorization, offeredSubprotocols) => {
    expect(credentialFromHandshake({ headers: { authorization }, offeredSubprotocols })).toMatchObject({ ok: false });
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
