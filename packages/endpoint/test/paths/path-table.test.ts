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
});
