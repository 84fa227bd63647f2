// What an application says about the endpoints that a scan finds, as Jakarta's ServerApplicationConfig does.
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { assertKnownNames } from '../option-checks.js';

type Awaitable<Value> = Value | PromiseLike<Value>;

/** An endpoint that a scan found, and where. */
export interface ScannedEndpoint {
  readonly definition: EndpointDefinition;
  /** Path of the file, or the module's name in the map. */
  readonly module: string;
  readonly exportName: string;
}

/** The two questions an application may answer; see {@link defineApplication}. */
export interface EndpointApplicationConfig {
  /** Which of the endpoints found are to be served. Default all. */
  annotated?(found: readonly ScannedEndpoint[]): Awaitable<readonly ScannedEndpoint[]>;
  /** Further endpoints that no module exports: programmatic ones, or such that only exist under a condition. */
  endpoints?(): Awaitable<readonly (EndpointClass | EndpointDefinition)[]>;
}

/** Made by {@link defineApplication}. */
export class EndpointApplication {
  readonly #config: EndpointApplicationConfig;

  constructor(config: EndpointApplicationConfig) {
    this.#config = config;
  }

  /** @throws EndpointError (rejects) invalid_option for an answer that is no part of `found`; what the config throws */
  async select(found: readonly ScannedEndpoint[]): Promise<readonly ScannedEndpoint[]> {
    if (this.#config.annotated === undefined) return found;
    const selected = await this.#config.annotated(found);
    if (Array.isArray(selected) && selected.every((one) => found.includes(one))) return selected;
    throw new EndpointError('invalid_option', 'annotated: expected a list of what was found, or of a part of it');
  }

  async add(): Promise<readonly (EndpointClass | EndpointDefinition)[]> {
    const added = (await this.#config.endpoints?.()) ?? [];
    if (Array.isArray(added)) return added;
    throw new EndpointError('invalid_option', 'endpoints: expected a list of endpoints');
  }
}

/**
 * Lets an application choose among the endpoints that `container.scan` finds, and add others. A scan takes every such
 * object that a module exports; of several, each chooses for itself, and whatever one of them chose is served.
 * ```ts
 * export const application = defineApplication({
 *   annotated: (found) => found.filter(({ definition }) => isProduction || definition.path !== '/debug'),
 *   endpoints: () => [defineEndpoint('/chat2', ProgrammaticChat)],
 * });
 * ```
 * @throws EndpointError unknown_option, invalid_option
 */
export function defineApplication(config: EndpointApplicationConfig): EndpointApplication {
  if (typeof config !== 'object' || config === null) {
    throw new EndpointError('invalid_option', 'defineApplication: expected an object');
  }
  assertKnownNames(config, ['annotated', 'endpoints'], 'the application');
  for (const name of ['annotated', 'endpoints'] as const) {
    if (config[name] !== undefined && typeof config[name] !== 'function') {
      throw new EndpointError('invalid_option', `the application: ${name} is a function`);
    }
  }
  return new EndpointApplication(config);
}
