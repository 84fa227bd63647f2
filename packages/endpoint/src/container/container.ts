// The container: which endpoints there are, which http servers they answer on, and how all of it ends.
import type { Server } from 'node:http';
import { refusal, refuseHandshake } from '@longwire/websocket';
import { declaredEndpoint } from '../declaring/decorators/server-endpoint.js';
import { type EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { requestedPathOf } from '../handshake/handshake-request.js';
import { Opening } from '../handshake/opening.js';
import {
  addUpgradeTaker,
  removeUpgradeTaker,
  type UpgradeTaken,
  unreadablePath,
} from '../handshake/upgrade-listener.js';
import type { UpgradeRequest } from '../handshake/upgrade-request.js';
import { PathTable } from '../paths/path-table.js';
import { type ContainerOptions, type ResolvedContainerOptions, resolveContainerOptions } from './container-options.js';
import { MountedEndpoint } from './mounted-endpoint.js';

export interface ContainerCloseOptions {
  /** Close code for the sessions. Default 1001, going away. */
  readonly code?: number;
  /** At most 123 bytes of UTF-8. Default ''. */
  readonly reason?: string;
  /** How long sessions may take to close and their handlers to settle. Default 5 000; what is left is terminated. */
  readonly withinMs?: number;
}

const defaultCloseWithinMs = 5_000;
const closingAnswer = refusal(503, 'The server is closing.');

/**
 * Serves endpoints on any number of http servers.
 * ```ts
 * const container = new EndpointContainer();
 * container.add(Chat);
 * container.attach(server); // any http.Server or https.Server, listening or not
 * ```
 */
export class EndpointContainer {
  readonly #options: ResolvedContainerOptions;
  readonly #table = new PathTable<MountedEndpoint>();
  readonly #servers = new Set<Server>();
  readonly #openings = new Set<Opening>();
  #closing: Promise<void> | undefined;

  /** @throws EndpointError UNKNOWN_OPTION, INVALID_OPTION */
  constructor(options: ContainerOptions = {}) {
    this.#options = resolveContainerOptions(options);
  }

  /**
   * Adds an endpoint: a class with `@ServerEndpoint`, or what {@link defineEndpoint} made. Works at any time, also
   * while serving.
   * @throws EndpointError NOT_AN_ENDPOINT, DUPLICATE_PATH
   */
  add<Path extends string>(endpoint: EndpointDefinition<Path>): MountedEndpoint<Path>;
  add(endpoint: EndpointClass): MountedEndpoint;
  add(endpoint: EndpointClass | EndpointDefinition): MountedEndpoint {
    const definition = endpoint instanceof EndpointDefinition ? endpoint : declarationOf(endpoint);
    const mounted = new MountedEndpoint(definition, this.#options.reportUnhandled);
    this.#table.add(definition.template, mounted);
    return mounted;
  }

  /** All endpoints by path, in the order in which their templates are tried. */
  endpoints(): ReadonlyMap<string, MountedEndpoint> {
    return new Map(this.#table.targets().map((mounted) => [mounted.path, mounted]));
  }

  /**
   * True when an endpoint answers at this request target (`request.url`): for http listeners that answer 426, see
   * {@link upgradeRequired}.
   */
  serves(target: string): boolean {
    return this.#table.find(requestedPathOf(target)).kind === 'found';
  }

  /**
   * Takes the upgrade requests of a server that are for this container's endpoints, until {@link detach}. Other
   * `upgrade` listeners keep theirs; a path that nobody knows is answered with 404 when there is no other listener.
   * Attaching twice does nothing.
   */
  attach(server: Server): void {
    this.#servers.add(server);
    addUpgradeTaker(server, this.#take);
  }

  /** Takes no more requests of this server; open sessions stay. */
  detach(server: Server): void {
    this.#servers.delete(server);
    removeUpgradeTaker(server, this.#take);
  }

  /**
   * Ends everything: new handshakes are refused with 503, sessions closed with the code, handlers awaited, and what is
   * left after `withinMs` terminated. Resolves when no session is left and this container listens on no server; a
   * handler that never settles is not waited for longer than `withinMs`. A second call waits for the first.
   */
  close(options: ContainerCloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close({ code = 1001, reason = '', withinMs = defaultCloseWithinMs }: ContainerCloseOptions): Promise<void> {
    for (const opening of this.#openings) opening.refuse(closingAnswer);
    const endpoints = this.#table.targets();
    for (const endpoint of endpoints) endpoint.closeSessions(code, reason);
    await settledWithin(Promise.all(endpoints.map((endpoint) => endpoint.finished())), withinMs);
    await Promise.all(endpoints.map((endpoint) => endpoint.terminateSessions()));
    for (const server of this.#servers) this.detach(server);
  }

  readonly #take = (path: string, upgrade: UpgradeRequest): UpgradeTaken => {
    const found = this.#table.find(path);
    if (found.kind === 'unknown') return found.isReadable ? 'unknown' : 'malformed';
    if (found.kind === 'malformed') {
      refuseHandshake(upgrade.socket, unreadablePath);
      return 'taken';
    }
    if (this.#closing !== undefined) {
      refuseHandshake(upgrade.socket, closingAnswer);
      return 'taken';
    }
    const opening = new Opening(found.target, found.parameters, upgrade, this.#options);
    this.#openings.add(opening);
    void opening.run().finally(() => this.#openings.delete(opening));
    return 'taken';
  };
}

function declarationOf(endpoint: unknown): EndpointDefinition {
  const definition = typeof endpoint === 'function' ? declaredEndpoint(endpoint) : undefined;
  if (definition !== undefined) return definition;
  const given = typeof endpoint === 'function' ? `class ${endpoint.name} without @ServerEndpoint` : typeof endpoint;
  throw new EndpointError(
    'NOT_AN_ENDPOINT',
    `expected a class with @ServerEndpoint or what defineEndpoint returns, got ${given}`,
  );
}

/** Resolves when `work` has settled or the time is over, whichever is first. */
async function settledWithin(work: Promise<unknown>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
