// Templates: what they accept, what they match, what they refuse.
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { EndpointError } from '../../src/errors.js';
import { decodePathSegments, type PathParameters, PathTemplate } from '../../src/paths/path-template.js';

function match(template: string, path: string): Record<string, string> | 'malformed' | undefined {
  const result = new PathTemplate(template).match(decodePathSegments(path));
  return typeof result === 'object' ? { ...result.parameters } : result;
}

describe('a path template matches', () => {
  it.each([
    ['/', '/', {}],
    ['/chat/', '/chat/', {}],
    ['/{a}/', '/x/', { a: 'x' }],
    ['/chat', '/chat', {}],
    ['/chat/{room}', '/chat/lobby', { room: 'lobby' }],
    ['/{a}/{b}', '/1/2', { a: '1', b: '2' }],
    ['/chat/{room}', '/chat/a%20b', { room: 'a b' }],
    ['/chat/{room}', '/chat/a%2Fb', { room: 'a/b' }],
    ['/chat/{room}', '/chat/%E8%81%8A%E5%A4%A9', { room: '聊天' }],
    ['/chat/{room}', '/chat/a+b', { room: 'a+b' }],
    ['/聊天/{房间}', '/%E8%81%8A%E5%A4%A9/x', { 房间: 'x' }],
    ['/%E8%81%8A', '/聊', {}],
    ['/ch%61t', '/chat', {}],
    ['/%3Aroom/%2A', '/:room/*', {}],
    ['/at:noon/a*', '/at:noon/a*', {}],
    ['/chat', '/ch%61t', {}],
    ['/{__proto__}/{constructor}', '/a/b', JSON.parse('{"__proto__":"a","constructor":"b"}')],
  ])('%s the path %s', (template, path, parameters) => {
    expect(match(template, path)).toEqual(parameters);
  });

  it.each([
    ['/chat', '/Chat'],
    ['/chat', '/chat/'],
    ['/chat', '//chat'],
    ['/chat/', '/chat'],
    ['/chat', '/'],
    ['/chat/{room}', '/chat'],
    ['/chat/{room}', '/chat/'],
    ['/chat/{room}', '/chat/a/b'],
    ['/{a}', '/'],
    ['/', '/a'],
    ['/chat', '/ch%zzat'],
  ])('%s does not match %s', (template, path) => {
    expect(match(template, path)).toBeUndefined();
  });

  it.each(['%', '%z', '%4', '%ff', '%c3%28', '%ed%a0%80', '%00', '%0a', '%7f', '..', '.', '%2e%2e', '%2E'])(
    'nothing through a variable that is %s',
    (segment) => {
      expect(match('/chat/{room}', `/chat/${segment}`)).toBe('malformed');
    },
  );

  it('gives parameters that no one can change and that inherit nothing', () => {
    const result = new PathTemplate('/a/{b}').match(['a', 'x']);
    if (typeof result !== 'object') throw new Error('expected a match');
    expect(Object.isFrozen(result.parameters)).toBe(true);
    expect(Object.getPrototypeOf(result.parameters)).toBeNull();
  });
});

describe('a path template is refused', () => {
  it.each([
    ['chat', 'begin with "/"'],
    ['', 'begin with "/"'],
    ['/chat//', 'empty segments'],
    ['//chat', 'empty segments'],
    ['/chat/{room}.json', 'whole segment'],
    ['/chat/{', 'whole segment'],
    ['/chat/}{', 'whole segment'],
    ['/chat/{a}{b}', 'whole segment'],
    ['/chat/{}', 'Level 1'],
    ['/chat/{+path}', 'Level 1'],
    ['/chat/{room*}', 'Level 1'],
    ['/chat/{room:3}', 'Level 1'],
    ['/chat/{a,b}', 'Level 1'],
    ['/{a}/{a}', 'occurs twice'],
    ['/chat?x={y}', 'query'],
    ['/chat#x', 'query or fragment'],
    ['/%zz', 'bad escape'],
    ['/a/../b', 'dot segment'],
    // The patterns of other frameworks: without this they would be paths that nobody asks for.
    ['/chat/:room', 'written "{room}"'],
    ['/chat/*', 'takes one segment'],
    ['/**', 'takes one segment'],
  ])('%s', (template, reason) => {
    expect(() => new PathTemplate(template)).toThrow(reason);
    expect(() => new PathTemplate(template)).toThrow(EndpointError);
  });
});

describe('for any template and any values', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,6}$/);
  const value = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((text) => !/[\p{Surrogate}\p{Control}]/u.test(text) && text !== '.' && text !== '..');
  const segment = fc.oneof(
    fc.record({ variable: name }),
    fc.record({ literal: value.filter((text) => !/[{}]/.test(text)) }),
  );
  const segments = fc
    .array(segment, { minLength: 1, maxLength: 6 })
    .filter((list) => new Set(list.map((one) => ('variable' in one ? one.variable : one))).size === list.length);

  /** A star that stands alone must be escaped. */
  const literal = (text: string) => encodeURIComponent(text).replaceAll('*', '%2A');

  it('the path that is built from the values gives the values back', () => {
    fc.assert(
      fc.property(segments, fc.infiniteStream(value), (list, values) => {
        const given: Record<string, string> = Object.create(null);
        const path = list.map((one) => {
          if ('literal' in one) return encodeURIComponent(one.literal);
          given[one.variable] = values.next().value;
          return encodeURIComponent(given[one.variable]!);
        });
        const template = list.map((one) => ('variable' in one ? `{${one.variable}}` : literal(one.literal)));
        expect({ ...(match(`/${template.join('/')}`, `/${path.join('/')}`) as object) }).toEqual({ ...given });
      }),
    );
  });

  it('no path, however broken, throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (path) => {
        match('/{a}', path);
        match('/a/{b}/c', path);
      }),
    );
  });
});

describe('the type of path parameters', () => {
  it('has the names of the template', () => {
    expectTypeOf<PathParameters<'/chat/{room}/{user}'>>().toEqualTypeOf<{
      readonly room: string;
      readonly user: string;
    }>();
    expectTypeOf<keyof PathParameters<'/chat'>>().toEqualTypeOf<never>();
    expectTypeOf<PathParameters<string>>().toEqualTypeOf<{ readonly [name: string]: string }>();
  });
});
