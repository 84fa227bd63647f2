// Finding endpoints: takes what is an endpoint of what the modules of a folder or map export.
import { definitionOf, findDefinition } from '../declaring/decorators/server-endpoint.js';
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { assertKnownNames } from '../option-checks.js';
import { answeredAtOnce } from '../promises.js';
import { EndpointApplication, type ScannedEndpoint } from './application.js';
import { exportsOf, type ModuleMap } from './module-exports.js';

export interface ScanOptions {
  /** Which of the endpoints found are to be served. Default all. */
  readonly filter?: (found: ScannedEndpoint) => boolean;
  /** Further endpoints, served with those found or, if anything fails, not at all. */
  readonly add?: readonly (EndpointClass | EndpointDefinition)[];
}

/**
 * The definitions that a scan yields, each once.
 * @throws EndpointError (rejects) scan_failed, not_an_endpoint, unknown_option, invalid_option; what filters and
 *   applications throw
 */
export async function scanForEndpoints(
  source: string | URL | ModuleMap,
  options: ScanOptions,
): Promise<ReadonlySet<EndpointDefinition>> {
  assertKnownNames(options, ['filter', 'add'], 'the scan');
  const { filter = () => true, add = [] } = options;
  if (typeof filter !== 'function') throw new EndpointError('invalid_option', 'the scan: filter is a function');
  if (!Array.isArray(add)) throw new EndpointError('invalid_option', 'the scan: add is a list of endpoints');
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
