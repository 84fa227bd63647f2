import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCloseCodeFaults, findNameFaults } from '../scripts/check-names.mjs';
import { type PlantedRepository, plantRepository } from './planted-repository.js';

let repository: PlantedRepository;

beforeEach(() => {
  repository = plantRepository({
    protocol: '@longwire/protocol',
    client: '@longwire/client',
    server: '@longwire/server',
  });
});

afterEach(() => repository.remove());

test.each(['utils.ts', 'helpers/frame.ts', 'common.ts', 'misc.test.ts', 'types.ts', 'lib/frame.ts'])(
  'reports the file name %s, which says nothing',
  (name) => {
    repository.plant({ [`packages/server/src/${name}`]: 'export {};' });
    expect(findNameFaults(repository.root)).toEqual([expect.stringMatching(/says nothing: name it by what it holds$/)]);
  },
);

test('reports a name that two indexes export, types too, but not what one exports from the other', () => {
  repository.plant({
    'packages/protocol/src/index.ts':
      "export { type Entry, encode } from './entry.js';\nexport { Gap } from './gap.js';\n",
    'packages/client/src/index.ts':
      "export { Gap } from '@longwire/protocol';\nexport type { Entry } from './entry.js';\n",
    'packages/server/src/index.ts': "export { encodeEntry as encode } from './entry.js';\n",
  });
  expect(findNameFaults(repository.root)).toEqual([
    'packages/protocol/src/index.ts:1: another export Entry is in packages/client/src/index.ts:2',
    'packages/server/src/index.ts:1: another export encode is in packages/protocol/src/index.ts:1',
  ]);
});

test('reports two classes of one name anywhere in the sources, exported or not', () => {
  repository.plant({
    'packages/client/src/a.ts': 'export class Reader {}\n',
    'packages/server/src/delivery/b.ts': '\nclass Reader {}\nexport const reader = new Reader();\n',
    'packages/server/test/c.ts': 'export class Reader {}\n',
  });
  expect(findNameFaults(repository.root)).toEqual([
    'packages/server/src/delivery/b.ts:2: another class Reader is in packages/client/src/a.ts:1',
  ]);
});

test('reports close codes that are written as numbers, but not in the tables, in tests, or where 1000 is another number', () => {
  repository.plant({
    'packages/protocol/src/catalogue/close-codes.ts':
      'export const CloseCode = { normal: 1000, goingAway: 1001, unauthorized: 4100 };\n',
    'packages/server/src/a.ts': [
      'socket.close(1000);',
      'if (close.code === 1001) stop();',
      'switch (code) { case 4100: stop(); }',
      'const codes = [1000];',
      'const seconds = ms / 1000;',
      'const maxEntries = 1000;',
      'const port = 4101;',
    ].join('\n'),
    'packages/server/test/a.test.ts': 'socket.close(1000);',
  });
  expect(findCloseCodeFaults(repository.root)).toEqual([
    'packages/server/src/a.ts:1: 1000 is a close code: write its name',
    'packages/server/src/a.ts:2: 1001 is a close code: write its name',
    'packages/server/src/a.ts:3: 4100 is a close code: write its name',
    'packages/server/src/a.ts:4: 1000 is a close code: write its name',
  ]);
});
