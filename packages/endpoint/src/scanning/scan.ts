// Finding endpoints: loads every module of a folder or map and takes what is an endpoint of what they export.
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { definitionOf, findDefinition } from '../declaring/definition-of.js';
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import { answeredAtOnce } from '../messages/awaiting.js';
import { EndpointApplication, type ScannedEndpoint } from './application.js';
import { moduleFilesBelow } from './module-files.js';

/**
 * Modules by name: what `import * as` gives, or functions that load it. `import.meta.glob('./endpoints/*.ts')` of a
 * bundler is such a map.
 */
export type ModuleMap = Readonly<Record<string, object | (() => PromiseLike<object>)>>;

export interface ScanOptions {
  /** Which of the endpoints found are to be served. Default all. */
  readonly filter?: (found: ScannedEndpoint) => boolean;
  /** Further endpoints, served with those found or, if anything fails, not at all. */
  readonly add?: readonly (EndpointClass | EndpointDefinition)[];
}

/**
 * The definitions that a scan yields, each once.
 * @throws EndpointError (rejects) SCAN_FAILED, NOT_AN_ENDPOINT, UNKNOWN_OPTION, INVALID_OPTION; what filters and
 *   applications throw
 */
export async function scanForEndpoints(
  source: string | URL | ModuleMap,
  options: ScanOptions,
): Promise<ReadonlySet<EndpointDefinition>> {
  refuseUnknownNames(options, ['filter', 'add'], 'the scan');
  const { filter = () => true, add = [] } = options;
  if (typeof filter !== 'function') throw new EndpointError('INVALID_OPTION', 'the scan: filter is a function');
  if (!Array.isArray(add)) throw new EndpointError('INVALID_OPTION', 'the scan: add is a list of endpoints');
  const exported = await exportsOf(source);
  const found = exported
    .flatMap(({ module, exportName, value }): ScannedEndpoint[] => {
      const definition = findDefinition(value);
      return definition === undefined ? [] : [{ definition, module, exportName }];
    })
    .filter((one) => answeredAtOnce('filter', filter(one)));
  // Without an application everything that was found is served (Jakarta WebSocket 2.2 §6.2); several add up.
  const applications = exported.flatMap(({ value }) => (value instanceof EndpointApplication ? [value] : []));
  const endpoints: (EndpointClass | EndpointDefinition)[] = [...add];
  const selected = applications.length === 0 ? [...found] : [];
  for (const application of new Set(applications)) {
    selected.push(...(await application.select(found)));
    endpoints.push(...(await application.add()));
  }
  return new Set([...selected.map(({ definition }) => definition), ...endpoints.map(definitionOf)]);
}

type Loader = () => object | PromiseLike<object>;

interface ModuleExport {
  readonly module: string;
  readonly exportName: string;
  readonly value: unknown;
}

async function exportsOf(source: string | URL | ModuleMap): Promise<ModuleExport[]> {
  const exported: ModuleExport[] = [];
  for (const [module, load] of await loadersOf(source)) {
    try {
      // Reading an export may throw as well: one of a circle that is not evaluated yet.
      const values = Object.entries(await load()).map(([exportName, value]) => ({ module, exportName, value }));
      exported.push(...values.sort((a, b) => (a.exportName < b.exportName ? -1 : 1)));
    } catch (cause) {
      throw new EndpointError('SCAN_FAILED', `${module} cannot be loaded: ${reasonOf(cause)}`, { cause });
    }
  }
  return exported;
}

/** One after the other in a fixed order, so that a start fails in the same place each time. */
async function loadersOf(source: string | URL | ModuleMap): Promise<[string, Loader][]> {
  if (typeof source === 'string' || source instanceof URL) {
    try {
      const folder = resolve(source instanceof URL ? fileURLToPath(source) : source);
      const files = await moduleFilesBelow(folder);
      return files.map((file) => [file, (): Promise<object> => import(pathToFileURL(file).href)]);
    } catch (cause) {
      throw new EndpointError('SCAN_FAILED', `${String(source)} cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('INVALID_OPTION', 'the scan: expected a folder or a map of modules');
  }
  return Object.entries(source).map(([name, module]) => [
    name,
    typeof module === 'function' ? (module as Loader) : () => module,
  ]);
}

function reasonOf(cause: unknown): string {
  const error = cause instanceof Error ? cause : new Error(inspect(cause));
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_UNKNOWN_FILE_EXTENSION'
    ? 'this Node runs no TypeScript; scan the folder of the compiled modules'
    : error.message;
}
