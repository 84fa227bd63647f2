// What the modules of a folder or map export, loaded one after the other.
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { findDefinition } from '../declaring/decorators/server-endpoint.js';
import { hasClassSyntax } from '../declaring/endpoint-class.js';
import { EndpointError } from '../errors.js';
import { isThenable } from '../promises.js';
import { EndpointApplication } from './application.js';

/** What `import * as` or `import()` gives, or a function that loads it; an endpoint may stand for its module. */
type ModuleOrLoader = object | (() => PromiseLike<object>);

/** Modules by name. `import.meta.glob('./endpoints/*.ts')` of a bundler is such a map. */
export type ModuleMap = Readonly<Record<string, ModuleOrLoader>> | ReadonlyMap<string, ModuleOrLoader>;

export interface ModuleExport {
  /** Path of the file, or the module's name in the map. */
  readonly module: string;
  /** Of what stands in an exported list or object, the way there: `default.chat`, `endpoints[0]`. */
  readonly exportName: string;
  readonly value: unknown;
}

const expected = 'expected a folder, or modules by name: { chat: await import("./chat.js") }';

// `module.exports = { endpoints: [Chat, News] }` is two below the export `default`, which is all that ES modules see.
const depthOfMembers = 2;

/** @throws EndpointError (rejects) scan_failed, invalid_option */
export async function exportsOf(source: string | URL | ModuleMap): Promise<ModuleExport[]> {
  const exported: ModuleExport[] = [];
  for (const [module, load] of await loadersOf(source)) {
    try {
      exported.push(...exportsOfModule(module, await load()));
    } catch (cause) {
      throw new EndpointError('scan_failed', `${module} cannot be loaded: ${reasonOf(cause)}`, { cause });
    }
  }
  return exported;
}

type Loader = () => unknown;

/** One after the other in a fixed order, so that a start fails in the same place each time. */
async function loadersOf(source: string | URL | ModuleMap): Promise<(readonly [string, Loader])[]> {
  if (typeof source === 'string' || source instanceof URL) return loadersOfFolder(source);
  if (isEndpointOrApplication(source)) {
    throw new EndpointError('invalid_option', `the scan: ${expected}; container.add takes an endpoint itself`);
  }
  if (isThenable(source)) throw new EndpointError('invalid_option', `the scan: ${expected}; await the promise first`);
  // `import * as endpoints`: the module itself, unless all that it exports are modules.
  if (isNamespace(source) && !Object.values(source).every(isNamespace)) {
    return [['the module', () => source]];
  }
  const modules = source instanceof Map ? [...(source as ReadonlyMap<string, unknown>)] : membersOf(source);
  if (modules === undefined) throw new EndpointError('invalid_option', `the scan: ${expected}`);
  return modules.map(([name, module]) => [String(name), loaderOf(module)]);
}

async function loadersOfFolder(source: string | URL): Promise<(readonly [string, Loader])[]> {
  try {
    const folder = resolve(source instanceof URL ? fileURLToPath(source) : source);
    const files = await moduleFilesBelow(folder);
    return files.map((file) => [file, () => import(pathToFileURL(file).href)]);
  } catch (cause) {
    throw new EndpointError('scan_failed', `${String(source)} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function loaderOf(module: unknown): Loader {
  const isLoader = typeof module === 'function' && !isEndpointOrApplication(module) && !hasClassSyntax(module);
  return isLoader ? (module as Loader) : () => module;
}

function exportsOfModule(module: string, loaded: unknown): ModuleExport[] {
  // Bundlers hand out the default export alone when they are asked for it.
  const exporting = isEndpointOrApplication(loaded) ? { default: loaded } : loaded;
  if (typeof exporting !== 'object' || exporting === null) {
    const given = hasClassSyntax(exporting)
      ? `the class ${exporting.name} without @ServerEndpoint`
      : inspect(exporting);
    throw new TypeError(`expected a module, or a function that loads one, not ${given}`);
  }
  // Reading an export may throw: one of a circle that is not evaluated yet.
  const values = Object.entries(exporting)
    .map(([exportName, value]) => ({ module, exportName, value }))
    .sort((a, b) => (a.exportName < b.exportName ? -1 : 1));
  const seen = new Set<unknown>(values.map(({ value }) => value));
  return [...values, ...values.flatMap((one) => endpointsWithin(one, depthOfMembers, seen))];
}

/** What is an endpoint or application among the members of an exported list or object, once each. */
function endpointsWithin(
  { module, exportName, value }: ModuleExport,
  depth: number,
  seen: Set<unknown>,
): ModuleExport[] {
  return (membersOf(value) ?? []).flatMap(([name, member]) => {
    const memberName = Array.isArray(value) ? `${exportName}[${name}]` : `${exportName}.${name}`;
    const found: ModuleExport = { module, exportName: memberName, value: member };
    if (!isEndpointOrApplication(member)) return depth > 1 ? endpointsWithin(found, depth - 1, seen) : [];
    if (seen.has(member)) return [];
    seen.add(member);
    return [found];
  });
}

/** Of lists and of objects without a class; undefined for everything else. */
function membersOf(value: unknown): [name: string, member: unknown][] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  return isPlain ? Object.entries(value) : undefined;
}

/** By its tag, which what bundlers make of a module has as well. ECMA-262 §28.3.1. */
function isNamespace(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Module]';
}

function isEndpointOrApplication(value: unknown): boolean {
  return value instanceof EndpointApplication || findDefinition(value) !== undefined;
}

function reasonOf(cause: unknown): string {
  const error = cause instanceof Error ? cause : new Error(inspect(cause));
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_UNKNOWN_FILE_EXTENSION'
    ? 'this Node runs no TypeScript; scan the folder of the compiled modules'
    : error.message;
}

/** Declarations and tests are no modules of the application. */
const MODULE = /^(?!.*\.(?:d|test|spec)\.)[^.].*\.[cm]?[jt]s$/;

/**
 * Paths of all modules below `folder`, sorted; links are followed. `node_modules` and names with a dot in front are left
 * out, and so is a TypeScript file beside which its compiled form lies. @throws (rejects) what the file system throws
 */
export async function moduleFilesBelow(folder: string, visited = new Set<string>()): Promise<string[]> {
  // A link to a folder above would lead round in circles.
  const real = await realpath(folder);
  if (visited.has(real)) return [];
  visited.add(real);
  const files: string[] = [];
  const names = (await readdir(folder)).sort();
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = join(folder, name);
    if ((await stat(path)).isDirectory()) files.push(...(await moduleFilesBelow(path, visited)));
    else if (MODULE.test(name) && !(name.endsWith('ts') && names.includes(`${name.slice(0, -2)}js`))) files.push(path);
  }
  return files;
}
