import { afterEach, beforeEach, expect, test } from 'vitest';
import { findReferenceFaults } from '../scripts/check-references.mjs';
import { type PlantedRepository, plantRepository } from './planted-repository.js';

let repository: PlantedRepository;

beforeEach(() => {
  repository = plantRepository({ server: '@longwire/server' });
  repository.plant({
    'docs/guide.md': '# The guide: first steps\n\n## Close codes (4100–4199)\n',
    'docs/decisions/0001-a-log.md': '# 0001 A log\n',
    'packages/server/src/a.ts': 'export {};\n',
  });
});

afterEach(() => repository.remove());

test('accepts links to files and headings, named files and decisions that exist', () => {
  repository.plant({
    'README.md': [
      '[guide](docs/guide.md), [first](docs/guide.md#the-guide-first-steps), [codes](docs/guide.md#close-codes-41004199)',
      '[here](#title), [elsewhere](https://example.org/nowhere.md), `[not](a-link.md)`',
      '# Title',
      '```md\n[in a program](nowhere.md)\n```',
    ].join('\n'),
    'packages/server/src/b.ts':
      "// As packages/server/src/a.ts does; see decisions/0001.\nconst planted = 'docs/nowhere.md';\n",
  });
  expect(findReferenceFaults(repository.root)).toEqual([]);
});

test('reports links to files and headings that do not exist', () => {
  repository.plant({ 'docs/page.md': '\n[a](nowhere.md) and [b](guide.md#no-such-heading)\n' });
  expect(findReferenceFaults(repository.root)).toEqual([
    'docs/page.md:2: links to nowhere.md, which does not exist',
    'docs/page.md:2: links to guide.md#no-such-heading, but docs/guide.md has no such heading',
  ]);
});

test('reports files and decisions that a document or a comment names and that do not exist', () => {
  repository.plant({
    'docs/page.md': '`packages/server/src/gone.ts` does it.\n',
    'packages/server/src/b.ts': [
      '// As in decisions/0099.',
      '/**',
      ' * See docs/nowhere.md.',
      ' */',
      'export {};',
    ].join('\n'),
  });
  expect(findReferenceFaults(repository.root)).toEqual([
    'docs/page.md:1: names packages/server/src/gone.ts, which does not exist',
    'packages/server/src/b.ts:1: there is no decision 0099',
    'packages/server/src/b.ts:3: names docs/nowhere.md, which does not exist',
  ]);
});

test.each(['row 13 of the fault catalogue', 'semantics, Unread', 'the catalogue of faults'])(
  'reports "%s", which points at no page',
  (text) => {
    repository.plant({ 'packages/server/src/b.ts': `// ${text}: twice.\nexport {};\n` });
    expect(findReferenceFaults(repository.root)).toEqual([
      expect.stringMatching(
        /^packages\/server\/src\/b\.ts:1: ".*" is not in the repository: link to a page that exists$/,
      ),
    ]);
  },
);

test('reports folders that the tree in ARCHITECTURE.md lacks or invents, and files that it names and that do not exist', () => {
  repository.plant({
    'ARCHITECTURE.md': [
      '    packages/            packages',
      '      server/src/        the server',
      '        storage/         where messages are kept',
      '        gone/            nothing',
      '',
      '`server/storage/log.ts` and `delivery/hub.ts` belong to it, `server/gone.ts` does not.',
    ].join('\n'),
    'packages/server/src/storage/log.ts': 'export {};\n',
    'packages/server/src/delivery/hub.ts': 'export {};\n',
  });
  expect(findReferenceFaults(repository.root)).toEqual([
    'ARCHITECTURE.md: the tree lacks packages/server/src/delivery',
    'ARCHITECTURE.md: there is no packages/server/src/gone',
    'ARCHITECTURE.md: names server/gone.ts, which does not exist',
  ]);
});
