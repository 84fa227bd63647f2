// Imports go down only: between packages, between the floors of the server, never through the own barrel. The floors are
// those of ARCHITECTURE.md; type imports count. Biome reports circles.
import { join } from 'node:path';
import { parseModule, relativePath, resolveRelative, sourceFilesBelow } from './module-graph.mjs';
import { readWorkspaces } from './workspaces.mjs';

/** @typedef {import('./workspaces.mjs').Workspace} Workspace */

/** Which packages a package may import. */
const packageFloors = new Map([
  ['@longwire/websocket', []],
  ['@longwire/protocol', []],
  ['@longwire/endpoint', ['@longwire/websocket']],
  ['@longwire/server', ['@longwire/websocket', '@longwire/endpoint', '@longwire/protocol']],
  ['@longwire/client', ['@longwire/protocol', '@longwire/websocket']],
  ['@longwire/web', ['@longwire/client', '@longwire/protocol']],
  [
    'longwire',
    [
      '@longwire/server',
      '@longwire/client',
      '@longwire/web',
      '@longwire/protocol',
      '@longwire/websocket',
      '@longwire/endpoint',
    ],
  ],
]);

/** Example programs show the packages: they may import any of them. */
const exampleName = /^@longwire\/example-/;

/** What tests share stands above all packages and examples: it may import any of them, and nothing in a `src` folder imports it. */
const testSupport = '@longwire/test-support';

/** These stand on nothing but Node, and `@longwire/protocol` not even on that: it runs anywhere. */
const withoutDependencies = new Set(['@longwire/websocket', '@longwire/protocol']);
const withoutNode = new Set(['@longwire/protocol']);

const serverPackage = '@longwire/server';
/** Where engines may be named. */
const enginePlaces = ['open-store.ts', 'server.ts'];

/** Folder (or file) directly below the server's `src` → floor. */
const serverFloors = new Map([
  ['errors.ts', 0],
  ['runtime', 0],
  ['channel', 0],
  ['config', 1],
  ['storage', 1],
  ['bus', 1],
  ['membership', 1],
  ['messaging', 2],
  ['delivery', 2],
  ['session', 3],
  ['transport', 4],
  ['http', 4],
  ['open-store.ts', 4],
  ['server.ts', 5],
  ['index.ts', 5],
]);
/** Files that only their own folder imports: above the storage engines, a channel's key is opaque. */
const privateToFolder = new Set(['storage/channel-name.ts']);
/** Each of their folders is an engine behind the ports that lie beside them. */
const foldersWithEngines = new Set(['storage', 'bus']);

/**
 * @param {string} root
 * @returns {string[]} one line per forbidden import, or file that stands on no floor
 */
export function findFloorFaults(root) {
  const workspaces = readWorkspaces(root);
  /** @type {string[]} */
  const faults = [];
  for (const workspace of workspaces) {
    if (!packageFloors.has(workspace.name) && !importsAnyPackage(workspace.name))
      faults.push(`${workspace.name}: give it a place in scripts/check-floors.mjs`);
    for (const file of sourceFilesBelow(join(workspace.folder, 'src'))) {
      const path = relativePath(root, file);
      for (const { specifier, line } of parseModule(file).imports) {
        const target = specifier.startsWith('.') ? resolveRelative(file, specifier) : undefined;
        const fault =
          target === undefined
            ? faultOfPackageImport(workspace, specifier, workspaces)
            : faultOfFileImport(workspace, file, target);
        if (fault !== undefined) faults.push(`${path}:${line}: ${fault}`);
      }
    }
  }
  return faults;
}

/** @param {string} name */
function importsAnyPackage(name) {
  return name === testSupport || exampleName.test(name);
}

/**
 * @param {Workspace} workspace
 * @param {string} specifier
 * @param {Workspace[]} workspaces
 */
function faultOfPackageImport(workspace, specifier, workspaces) {
  const { name } = workspace;
  if (specifier.startsWith('.')) return `imports ${specifier}, which does not exist`;
  if (specifier.startsWith('#')) return undefined;
  if (specifier.startsWith('node:'))
    return withoutNode.has(name) ? `imports ${specifier}, but ${name} runs anywhere` : undefined;
  const target = workspaces.find((other) => specifier === other.name || specifier.startsWith(`${other.name}/`));
  if (target === undefined) {
    return withoutDependencies.has(name) ? `imports ${specifier}, but ${name} has no dependencies` : undefined;
  }
  if (target === workspace) return `imports its own package: import the file instead`;
  const allowed = packageFloors.get(name) ?? [];
  return allowed.includes(target.name) || (importsAnyPackage(name) && packageFloors.has(target.name))
    ? undefined
    : `imports ${specifier}, which ${name} must not know`;
}

/**
 * @param {Workspace} workspace
 * @param {string} file
 * @param {string} target
 */
function faultOfFileImport(workspace, file, target) {
  const source = join(workspace.folder, 'src');
  const from = relativePath(source, file).split('/');
  const to = relativePath(source, target).split('/');
  if (to[0] === '..') return `imports ${relativePath(workspace.folder, target)}, a file outside the package's src`;
  if (to.join('/') === 'index.ts') return `imports its own package's index: import the file instead`;
  return workspace.name === serverPackage ? faultBetweenFloors(from, to) : undefined;
}

/**
 * @param {string[]} from path below the server's src
 * @param {string[]} to
 */
function faultBetweenFloors(from, to) {
  const [fromPlace = '', toPlace = ''] = [from[0], to[0]];
  const fromFloor = serverFloors.get(fromPlace);
  const toFloor = serverFloors.get(toPlace);
  if (fromFloor === undefined) return `${fromPlace} stands on no floor of the server (scripts/check-floors.mjs)`;
  if (toFloor === undefined)
    return `imports ${to.join('/')}: ${toPlace} stands on no floor of the server (scripts/check-floors.mjs)`;
  const engine = engineOf(to);
  if (engine !== undefined && engineOf(from) !== engine && !enginePlaces.includes(fromPlace)) {
    return `imports ${to.join('/')}: only server.ts and open-store.ts name an engine`;
  }
  if (fromPlace !== toPlace && privateToFolder.has(to.join('/'))) return `imports ${to.join('/')}: only ${toPlace} may`;
  if (fromPlace === toPlace || toFloor < fromFloor) return undefined;
  // index.ts lists what server.ts and the floors below offer.
  if (fromPlace === 'index.ts' && toPlace === 'server.ts') return undefined;
  return `imports ${to.join('/')}: ${fromPlace} (floor ${fromFloor}) must not know ${toPlace} (floor ${toFloor})`;
}

/**
 * @param {string[]} path below the server's src
 * @returns {string | undefined} as in "storage/sqlite"
 */
function engineOf(path) {
  return path.length > 2 && foldersWithEngines.has(path[0] ?? '') ? `${path[0]}/${path[1]}` : undefined;
}
