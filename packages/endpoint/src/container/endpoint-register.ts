// The endpoints of one container: those that are found by path, and those that only have sessions.
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { type PathLookup, PathTable } from '../paths/path-table.js';
import type { ResolvedContainerOptions } from './container-options.js';
import { MountedEndpoint } from './mounted-endpoint.js';

export class EndpointRegister {
  readonly #table = new PathTable<MountedEndpoint>();
  /** Those in the table, and those that requests are only upgraded to by the program. */
  readonly #byDefinition = new Map<EndpointDefinition, MountedEndpoint>();
  /** Removed ones that still have sessions. */
  readonly #retired = new Set<MountedEndpoint>();
  readonly #container: ResolvedContainerOptions;

  constructor(container: ResolvedContainerOptions) {
    this.#container = container;
  }

  /** @throws EndpointError DUPLICATE_PATH; none of them was added then */
  add(definitions: readonly EndpointDefinition[]): MountedEndpoint[] {
    const added: MountedEndpoint[] = [];
    try {
      for (const definition of definitions) {
        const mounted = this.#byDefinition.get(definition) ?? new MountedEndpoint(definition, this.#container);
        this.#table.add(definition.template, mounted);
        added.push(mounted);
      }
    } catch (error) {
      for (const { definition } of added) this.#table.remove(definition.template);
      throw error;
    }
    for (const mounted of added) this.#byDefinition.set(mounted.definition, mounted);
    return added;
  }

  remove(path: string): MountedEndpoint | undefined {
    const mounted = this.inService().find((endpoint) => endpoint.path === path);
    if (mounted === undefined) return undefined;
    this.#table.remove(mounted.definition.template);
    this.#byDefinition.delete(mounted.definition);
    mounted.retire();
    this.#retired.add(mounted);
    void mounted.finished().then(() => this.#retired.delete(mounted));
    return mounted;
  }

  find(path: string): PathLookup<MountedEndpoint> {
    return this.#table.find(path);
  }

  /** Also one that was never added, and that no path leads to. */
  mountedFor<Path extends string>(definition: EndpointDefinition<Path>): MountedEndpoint<Path>;
  mountedFor(definition: EndpointDefinition): MountedEndpoint {
    let mounted = this.#byDefinition.get(definition);
    if (mounted === undefined) {
      mounted = new MountedEndpoint(definition, this.#container);
      this.#byDefinition.set(definition, mounted);
    }
    return mounted;
  }

  /** Those that are found by path, in the order in which their templates are tried. */
  inService(): MountedEndpoint[] {
    return this.#table.targets();
  }

  /** Everything that may have sessions. */
  all(): MountedEndpoint[] {
    return [...this.#byDefinition.values(), ...this.#retired];
  }
}
