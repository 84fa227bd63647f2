import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFloorFaults } from '../scripts/check-floors.mjs';
import { manifestOf, type PlantedRepository, plantRepository } from './planted-repository.js';

let repository: PlantedRepository;

beforeEach(() => {
  repository = plantRepository({
    websocket: '@longwire/websocket',
    protocol: '@longwire/protocol',
    endpoint: '@longwire/endpoint',
    server: '@longwire/server',
    client: '@longwire/client',
  });
});

afterEach(() => repository.remove());

const server = 'packages/server/src';

test('finds nothing where imports go down, and index.ts lists what server.ts offers', () => {
  repository.plant({
    'packages/endpoint/src/a.ts': "import type { X } from '@longwire/websocket';\nimport './b.js';\nexport type Y = X;",
    'packages/endpoint/src/b.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;",
    [`${server}/channel/entry.ts`]: 'export interface Entry {}',
    [`${server}/storage/message-log.ts`]:
      "import type { Entry } from '../channel/entry.js';\nexport type Log = Entry[];",
    [`${server}/storage/sqlite/log.ts`]: "import type { Log } from '../message-log.js';\nexport const log: Log = [];",
    [`${server}/messaging/send.ts`]: "import type { Log } from '../storage/message-log.js';\nexport type L = Log;",
    [`${server}/server.ts`]: "import { log } from './storage/sqlite/log.js';\nexport const server = log;",
    [`${server}/index.ts`]: "export { server } from './server.js';",
  });
  expect(findFloorFaults(repository.root)).toEqual([]);
});

test.each([
  ['an import of a value', "import { x } from '../session/session.js'; export const y = x;"],
  ['an import of a type', "import type { X } from '../session/session.js'; export type Y = X;"],
  ['an export from', "export { x } from '../session/session.js';"],
  ['an export of everything', "export * from '../session/session.js';"],
  ['a dynamic import', "export const load = () => import('../session/session.js');"],
  ['a type that is imported in place', "export type Y = import('../session/session.js').X;"],
  ['an import for its effect', "import '../session/session.js';"],
])('reports %s from a floor above', (_form, text) => {
  repository.plant({
    [`${server}/session/session.ts`]: 'export const x = 1; export type X = number;',
    [`${server}/delivery/hub.ts`]: text,
  });
  expect(findFloorFaults(repository.root)).toEqual([
    `${server}/delivery/hub.ts:1: imports session/session.ts: delivery (floor 2) must not know session (floor 3)`,
  ]);
});

test('reports two folders of one floor that import each other', () => {
  repository.plant({
    [`${server}/messaging/send.ts`]: "import type { H } from '../delivery/hub.js'; export type S = H;",
    [`${server}/delivery/hub.ts`]: "\nimport type { S } from '../messaging/send.js'; export type H = S;",
  });
  expect(findFloorFaults(repository.root)).toEqual([
    `${server}/delivery/hub.ts:2: imports messaging/send.ts: delivery (floor 2) must not know messaging (floor 2)`,
    `${server}/messaging/send.ts:1: imports delivery/hub.ts: messaging (floor 2) must not know delivery (floor 2)`,
  ]);
});

test('reports an engine that is imported anywhere but in server.ts', () => {
  repository.plant({
    [`${server}/storage/memory/log.ts`]: 'export const log = 1;',
    [`${server}/storage/sqlite/log.ts`]: "export { log } from '../memory/log.js';",
    [`${server}/storage/store.ts`]: "export { log } from './memory/log.js';",
    [`${server}/messaging/send.ts`]: "export { log } from '../storage/memory/log.js';",
    [`${server}/index.ts`]: "export { log } from './storage/memory/log.js';",
    [`${server}/server.ts`]: "export { log } from './storage/memory/log.js';",
  });
  expect(findFloorFaults(repository.root)).toEqual([
    `${server}/index.ts:1: imports storage/memory/log.ts: only server.ts and open-store.ts name an engine`,
    `${server}/messaging/send.ts:1: imports storage/memory/log.ts: only server.ts and open-store.ts name an engine`,
    `${server}/storage/sqlite/log.ts:1: imports storage/memory/log.ts: only server.ts and open-store.ts name an engine`,
    `${server}/storage/store.ts:1: imports storage/memory/log.ts: only server.ts and open-store.ts name an engine`,
  ]);
});

test('reports an import of storage/channel-name.ts outside of storage', () => {
  repository.plant({
    [`${server}/storage/channel-name.ts`]: 'export const channelOfName = 1;',
    [`${server}/storage/sqlite/log.ts`]: "export { channelOfName } from '../channel-name.js';",
    [`${server}/messaging/send.ts`]: "export { channelOfName } from '../storage/channel-name.js';",
  });
  expect(findFloorFaults(repository.root)).toEqual([
    `${server}/messaging/send.ts:1: imports storage/channel-name.ts: only storage may`,
  ]);
});

test.each([
  [
    'packages/websocket/src/a.ts',
    "import '@longwire/protocol';",
    'imports @longwire/protocol, which @longwire/websocket must not know',
  ],
  [
    'packages/client/src/a.ts',
    "import '@longwire/server';",
    'imports @longwire/server, which @longwire/client must not know',
  ],
  ['packages/websocket/src/a.ts', "import 'ws';", 'imports ws, but @longwire/websocket has no dependencies'],
  ['packages/protocol/src/a.ts', "import 'node:buffer';", 'imports node:buffer, but @longwire/protocol runs anywhere'],
  ['packages/client/src/a.ts', "import '@longwire/client';", 'imports its own package: import the file instead'],
  ['packages/client/src/a.ts', "import './gone.js';", 'imports ./gone.js, which does not exist'],
  [`${server}/extras/a.ts`, "import './b.js';", 'extras stands on no floor of the server (scripts/check-floors.mjs)'],
])('reports %s with %s', (path, text, fault) => {
  repository.plant({ [`${server}/extras/b.ts`]: 'export {};', [path]: text });
  expect(findFloorFaults(repository.root)).toEqual([`${path}:1: ${fault}`]);
});

test('reports an import of the own index, and of a file of another package', () => {
  repository.plant({
    'packages/client/src/index.ts': "export { a } from './a.js';",
    'packages/client/src/a.ts': "export { b } from './b.js'; export const a = 1;",
    'packages/client/src/b.ts': "export { c } from '../../protocol/src/c.js'; export const b = 1;",
    'packages/client/src/d.ts': "export { a } from './index.js';",
    'packages/protocol/src/c.ts': 'export const c = 1;',
  });
  expect(findFloorFaults(repository.root)).toEqual([
    "packages/client/src/b.ts:1: imports ../protocol/src/c.ts, a file outside the package's src",
    "packages/client/src/d.ts:1: imports its own package's index: import the file instead",
  ]);
});

test('reports an import of @longwire/test-support in a src folder, and lets it import any package', () => {
  repository.plant({
    'package.json': {
      ...manifestOf('planted'),
      private: true,
      workspaces: ['packages/*', 'examples/*', 'test-support'],
    },
    'test-support/package.json': manifestOf('@longwire/test-support'),
    'test-support/src/a.ts': "import '@longwire/server'; import '@longwire/client';",
    'examples/1/package.json': manifestOf('@longwire/example-1'),
    'examples/1/src/a.ts': "import '@longwire/test-support/until';",
    'packages/client/src/a.ts': "import '@longwire/test-support/until';",
  });
  expect(findFloorFaults(repository.root)).toEqual([
    'packages/client/src/a.ts:1: imports @longwire/test-support/until, which @longwire/client must not know',
    'examples/1/src/a.ts:1: imports @longwire/test-support/until, which @longwire/example-1 must not know',
  ]);
});

test('reports a package that has no place in the table', () => {
  repository.plant({ 'packages/extra/package.json': { name: '@longwire/extra', version: '0.1.0' } });
  expect(findFloorFaults(repository.root)).toEqual(['@longwire/extra: give it a place in scripts/check-floors.mjs']);
});
