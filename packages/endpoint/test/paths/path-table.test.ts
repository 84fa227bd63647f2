// Which of several templates answers a path.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathTable } from '../../src/paths/path-table.js';
import { PathTemplate } from '../../src/paths/path-template.js';

function tableOf(...templates: string[]): PathTable<string> {
  const table = new PathTable<string>();
  for (const template of templates) table.add(new PathTemplate(template), template);
  return table;
}

function found(table: PathTable<string>, path: string): string {
  const result = table.find(path);
  return result.kind === 'found' ? result.target : result.kind;
}

describe('a path table', () => {
  const table = tableOf(
    '/{a}/{b}',
    '/a/{b}',
    '/{a}/b',
    '/a/b',
    '/a/{b}/c',
    '/a/b/{c}',
    '/{x}/b/c/d',
    '/a/{y}/{z}/d',
    '/',
  );

  it.each([
    ['/a/b', '/a/b'],
    ['/a/x', '/a/{b}'],
    ['/x/b', '/{a}/b'],
    ['/x/y', '/{a}/{b}'],
    ['/a/b/c', '/a/b/{c}'],
    ['/a/x/c', '/a/{b}/c'],
    ['/a/b/c/d', '/a/{y}/{z}/d'],
    ['/x/b/c/d', '/{x}/b/c/d'],
    ['/', '/'],
    ['/a/x/x', 'unknown'],
    ['/x', 'unknown'],
    ['/a/%zz', 'malformed'],
    ['/%zz', 'unknown'],
  ])('gives %s to %s', (path, template) => {
    expect(found(table, path)).toBe(template);
  });

  it('says whether an unknown path could be read', () => {
    expect(table.find('/%zz')).toEqual({ kind: 'unknown', isReadable: false });
    expect(table.find('/zz')).toEqual({ kind: 'unknown', isReadable: true });
  });

  it.each([
    ['/a/{b}', '/a/{c}'],
    ['/a', '/a'],
    ['/ab', '/%61b'],
    ['/{x}/y/{z}', '/{z}/y/{x}'],
  ])('refuses %s beside %s, which matches the same paths', (first, second) => {
    expect(() => tableOf(first, second)).toThrow(/same paths/);
  });

  it('takes the first of all matching templates in the order exact before variable, from left to right', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 });
    const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 12, selector: (one) => one.join('/') });
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
    const text = (one: string[]): string =>
      `/${one.map((part, index) => (part === '*' ? `{v${index}}` : part)).join('/')}`;
    fc.assert(
      fc.property(patterns, path, (list, requested) => {
        // The rule, plainly: among those that match, prefer at each segment those that are exact there.
        let candidates = list.filter(
          (one) => one.length === requested.length && one.every((part, i) => part === '*' || part === requested[i]),
        );
        for (let index = 0; index < requested.length; index++) {
          const exact = candidates.filter((one) => one[index] !== '*');
          if (exact.length > 0) candidates = exact;
        }
        const expected = candidates[0] === undefined ? 'unknown' : text(candidates[0]);
        expect(found(tableOf(...list.map(text)), `/${requested.join('/')}`)).toBe(expected);
      }),
    );
  });

  it('gives what the specification gives, segment by segment, wherever that finds an endpoint', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 });
    const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 12, selector: (one) => one.join('/') });
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
    const text = (one: string[]): string =>
      `/${one.map((part, index) => (part === '*' ? `{v${index}}` : part)).join('/')}`;
    fc.assert(
      fc.property(patterns, path, (list, requested) => {
        // Jakarta WebSocket 2.2 §3.1.1: at each segment those that are exact there stay, or if there are none, those
        // with a variable.
        let retained = list.filter((one) => one.length === requested.length);
        for (const [index, segment] of requested.entries()) {
          const exact = retained.filter((one) => one[index] === segment);
          retained = exact.length > 0 ? exact : retained.filter((one) => one[index] === '*');
        }
        if (retained[0] === undefined) return;
        expect(found(tableOf(...list.map(text)), `/${requested.join('/')}`)).toBe(text(retained[0]));
      }),
    );
  });

  it.each([
    // The examples of Jakarta WebSocket 2.2 §3.1.1.
    [['/a/b/'], '/a/b/', '/a/b/'],
    [['/a/b/'], '/a/b', 'unknown'],
    [['/a/{var}'], '/a/b', '/a/{var}'],
    [['/a/{var}'], '/a/apple', '/a/{var}'],
    [['/a/{var}'], '/a', 'unknown'],
    [['/a/{var}'], '/a/b/', 'unknown'],
    [['/a/{var}'], '/a/b/c', 'unknown'],
    [['/a/{var}/c', '/a/b/c', '/a/{var1}/{var2}'], '/a/b/c', '/a/b/c'],
    [['/a/{var}/c', '/a/b/c', '/a/{var1}/{var2}'], '/a/d/c', '/a/{var}/c'],
    [['/a/{var}/c', '/a/b/c', '/a/{var1}/{var2}'], '/a/x/y', '/a/{var1}/{var2}'],
    [['/{var1}/d', '/b/{var2}'], '/b/d', '/b/{var2}'],
    // Only `/a/{x}/c` is eliminated by an exact segment that leads nowhere.
    [['/a/{x}/c', '/a/b/d'], '/a/b/c', '/a/{x}/c'],
  ])('of %j gives to %s: %s', (templates, path, template) => {
    expect(found(tableOf(...templates), path)).toBe(template);
  });

  it.each([
    ['/a//b', 'unknown'],
    ['//a/b', 'unknown'],
    ['/a/b/', 'unknown'],
    ['/a/./b', 'malformed'],
    ['/a/../b', 'malformed'],
    ['/a/%2e%2e/b', 'malformed'],
    ['/a/%2E/b', 'malformed'],
    ['/a/b/..', 'unknown'],
    ['/a/%zz/b', 'malformed'],
    ['/a/%ff/b', 'malformed'],
    ['/a/%00/b', 'malformed'],
    ['/a/%2F/b', '/a/{x}/b'],
    ['/A/x/b', 'unknown'],
    ['/%61/x/%62', '/a/{x}/b'],
  ])('takes no path that is not normalised for another one: %s is %s', (path, template) => {
    expect(found(tableOf('/a/b', '/a/{x}/b', '/b'), path)).toBe(template);
  });

  it('forgets a template that is removed, and no other', () => {
    const changing = tableOf('/a', '/{x}', '/{x}/b');
    expect(changing.remove(new PathTemplate('/{y}'))).toBe(false);
    expect(changing.remove(new PathTemplate('/a'))).toBe(true);
    expect(changing.remove(new PathTemplate('/a'))).toBe(false);
    expect([found(changing, '/a'), found(changing, '/a/b')]).toEqual(['/{x}', '/{x}/b']);
    changing.add(new PathTemplate('/a'), '/a');
    expect(found(changing, '/a')).toBe('/a');
  });
});
