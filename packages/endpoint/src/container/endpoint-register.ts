// The endpoints of one container: those that are found by path, and those that only have sessions.
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { type PathLookup, PathTable } from '../paths/path-table.js';
import type { ResolvedContainerOptions } from './container-options.js';
import { MountedEndpoint } from './mounted-endpoint.js';

interface Entry {
  readonly endpoint: MountedEndpoint;
  /** In the table, found by path. */
  isAdded: boolean;
  /** Handshakes that are going on without a path that leads here. */
  users: number;
  /** Its last session is already waited for. */
  isAwaited: boolean;
}

export class EndpointRegister {
  readonly #table = new PathTable<MountedEndpoint>();
  /**
   * Those in the table, and those to which requests are only upgraded by the program, or that connect to servers, as
   * long as they have sessions: a program may declare one for each connection.
   */
  readonly #entries = new Map<EndpointDefinition, Entry>();
  /** Removed ones that still have sessions. */
  readonly #retired = new Set<MountedEndpoint>();
  readonly #container: ResolvedContainerOptions;

  constructor(container: ResolvedContainerOptions) {
    this.#container = container;
  }

  /** @throws EndpointError duplicate_path; none of them was added then */
  add(definitions: readonly EndpointDefinition[]): MountedEndpoint[] {
    const added: Entry[] = [];
    try {
      for (const definition of definitions) {
        const entry = this.#entryOf(definition);
        this.#table.add(definition.template, entry.endpoint);
        added.push(entry);
      }
    } catch (error) {
      for (const { endpoint } of added) this.#table.remove(endpoint.definition.template);
      throw error;
    }
    for (const entry of added) {
      entry.isAdded = true;
      this.#entries.set(entry.endpoint.definition, entry);
    }
    return added.map(({ endpoint }) => endpoint);
  }

  remove(path: string): MountedEndpoint | undefined {
    const mounted = this.inService().find((endpoint) => endpoint.path === path);
    if (mounted === undefined) return undefined;
    this.#table.remove(mounted.definition.template);
    this.#entries.delete(mounted.definition);
    mounted.retire();
    this.#retired.add(mounted);
    void mounted.finished().then(() => this.#retired.delete(mounted));
    return mounted;
  }

  find(path: string): PathLookup<MountedEndpoint> {
    return this.#table.find(path);
  }

  /**
   * Opens a session of an endpoint, also of one that was never added and that no path leads to. Such a one is forgotten
   * when `open` has settled and the last of its sessions has finished.
   */
  async use<Path extends string, Result>(
    definition: EndpointDefinition<Path>,
    open: (endpoint: MountedEndpoint<Path>) => Promise<Result>,
  ): Promise<Result> {
    const key = definition as unknown as EndpointDefinition;
    const entry = this.#entryOf(key);
    const endpoint = entry.endpoint as unknown as MountedEndpoint<Path>;
    if (entry.isAdded) return open(endpoint);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      return await open(endpoint);
    } finally {
      entry.users--;
      void this.#forgetWhenUnused(entry);
    }
  }

  /** Those that are found by path, in the order in which their templates are tried. */
  inService(): MountedEndpoint[] {
    return this.#table.targets();
  }

  /** One line for each of those: `GET /chat/{room}  Chat (per connection, subprotocols: v1, v2)`. */
  describe(): string {
    const endpoints = this.inService();
    const width = Math.max(0, ...endpoints.map(({ path }) => path.length));
    return endpoints.map(({ definition, path }) => `GET ${path.padEnd(width)}  ${describe(definition)}`).join('\n');
  }

  /** Everything that may have sessions. */
  all(): MountedEndpoint[] {
    return [...[...this.#entries.values()].map(({ endpoint }) => endpoint), ...this.#retired];
  }

  #entryOf(definition: EndpointDefinition): Entry {
    return (
      this.#entries.get(definition) ?? {
        endpoint: new MountedEndpoint(definition, this.#container),
        isAdded: false,
        users: 0,
        isAwaited: false,
      }
    );
  }

  /** Waits once for all sessions, not once for each: an endpoint may never be without any. */
  async #forgetWhenUnused(entry: Entry): Promise<void> {
    if (entry.users > 0 || entry.isAwaited) return;
    entry.isAwaited = true;
    // One that opens in the moment in which the last one ends is waited for as well.
    while (!entry.endpoint.isUnused) await entry.endpoint.finished();
    entry.isAwaited = false;
    const { definition } = entry.endpoint;
    const isUnused = entry.users === 0 && !entry.isAdded;
    if (isUnused && this.#entries.get(definition) === entry) this.#entries.delete(definition);
  }
}

/** `Chat (per connection, subprotocols: v1, v2)`. */
function describe({ name, path, instance, options }: EndpointDefinition): string {
  const notes = [instance === 'shared' ? 'one instance for all' : 'per connection'];
  if (options.concurrent) notes.push('concurrent');
  if (options.subprotocols.length > 0) notes.push(`subprotocols: ${options.subprotocols.join(', ')}`);
  if (options.configurator.allowsAnyOrigin) notes.push('any origin');
  // An endpoint without a class is called by its path.
  return name === path ? `(${notes.join(', ')})` : `${name} (${notes.join(', ')})`;
}
