// The one 'upgrade' listener of an http server, however many containers are attached to it.
//
// An 'upgrade' event has no way to say "taken", and other libraries on the same server do not wait for one: `ws` with
// `{ server, path }` answers 400 to every path but its own, others end sockets they do not know. So what a container
// takes is not emitted at all: the server's `emit` asks the containers first.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { refusal, refuseHandshake } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { requestedPathOf } from '../handshake/handshake-request.js';
import { kindOf } from '../option-checks.js';
import { answerAsPlainRequest, asksForWebSocket, hasBody, inTurn, type UpgradeRequest } from './upgrade-request.js';

/** What a container answers to a path: it takes the request, the path is unreadable, or it is not one of its paths. */
export type UpgradeTaken = 'taken' | 'malformed' | 'unknown';

/** Something that may take upgrade requests. */
export type UpgradeTaker = (path: string, upgrade: UpgradeRequest) => UpgradeTaken;

export const unreadablePath = refusal(400, 'The path cannot be decoded.');

const listeners = new WeakMap<Server, UpgradeListener>();

/** The events by which node:http hands out an ordinary request; the last two are for those with an `Expect` header. */
const requestEvents: ReadonlySet<string | symbol> = new Set(['request', 'checkContinue', 'checkExpectation']);

/** Node from 24.9 asks this before it makes an upgrade of a request; otherwise the request stays an ordinary one. */
interface AskingServer {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

/** Of a server with the option `joinDuplicateHeaders`. */
interface JoiningMessage {
  readonly joinDuplicateHeaders?: boolean;
}

class UpgradeListener {
  readonly takers = new Set<UpgradeTaker>();
  readonly #server: Server;
  readonly #ownEmit: Server['emit'] | undefined;
  readonly #asking: Server['emit'];
  readonly #askedBefore: AskingServer['shouldUpgradeCallback'];
  /** Requests that node:http answers itself although they asked for another protocol. */
  readonly #leftToNode = new WeakSet<object>();
  #isOver = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('upgrade', this.#listen);
    this.#ownEmit = Object.hasOwn(server, 'emit') ? server.emit : undefined;
    const emit = server.emit;
    this.#asking = (event: string | symbol, ...values: unknown[]): boolean =>
      this.#hasTaken(event, values) || (emit as (...values: unknown[]) => boolean).call(server, event, ...values);
    server.emit = this.#asking;
    const asking = server as Server & AskingServer;
    const before = asking.shouldUpgradeCallback;
    this.#askedBefore = before;
    if (before === undefined) return;
    asking.shouldUpgradeCallback = (request) => !this.#isLeftToNode(request) && before.call(server, request);
  }

  end(): void {
    this.#isOver = true;
    this.#server.off('upgrade', this.#listen);
    // Code that wrapped `emit` later still calls ours, which then only passes on.
    if (this.#server.emit === this.#asking) {
      if (this.#ownEmit === undefined) Reflect.deleteProperty(this.#server, 'emit');
      else this.#server.emit = this.#ownEmit;
    }
    if (this.#askedBefore !== undefined)
      (this.#server as Server & AskingServer).shouldUpgradeCallback = this.#askedBefore;
  }

  /** Other libraries on the same server have paths and protocols of their own, and no way to say so. */
  get #isAlone(): boolean {
    return this.#server.listenerCount('upgrade') === 1;
  }

  #isPlain(request: IncomingMessage): boolean {
    return this.#isAlone && !asksForWebSocket(request);
  }

  /** From Node 26 on, the body of a request does not come with the upgrade, so such a request cannot be read anew. */
  #isLeftToNode(request: IncomingMessage): boolean {
    if (!this.#isPlain(request) || !hasBody(request)) return false;
    this.#leftToNode.add(request);
    return true;
  }

  #hasTaken(event: string | symbol, values: unknown[]): boolean {
    if (this.#isOver) return false;
    if (requestEvents.has(event)) this.#closeAfter(values as [IncomingMessage, ServerResponse]);
    if (event !== 'upgrade') return false;
    const [request, socket, head] = values as [IncomingMessage & JoiningMessage, Duplex, Buffer];
    if (this.#isPlain(request)) return false;
    const isAsReceived = request.joinDuplicateHeaders !== true;
    return this.#offer({ request, socket, head, isAsReceived }) === 'taken';
  }

  /** node:http drops the requests that came in one chunk with such a request, so the client must not wait for answers. */
  #closeAfter([request, response]: [IncomingMessage, ServerResponse]): void {
    if (this.#leftToNode.has(request)) response.setHeader('Connection', 'close');
  }

  /** Asks the containers one after the other. */
  #offer(upgrade: UpgradeRequest): UpgradeTaken {
    const path = requestedPathOf(upgrade.request.url ?? '/');
    let isMalformed = false;
    for (const take of this.takers) {
      const answer = take(path, upgrade);
      if (answer === 'taken') return 'taken';
      if (answer === 'malformed') isMalformed = true;
    }
    return isMalformed ? 'malformed' : 'unknown';
  }

  /** What no container takes. */
  readonly #listen = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const upgrade = { request, socket, head, isAsReceived: false };
    if (this.#isPlain(request)) {
      void inTurn(upgrade, () => answerAsPlainRequest(this.#server, upgrade));
      return;
    }
    // Asked again for an event that did not come through the server's `emit`.
    const offered = this.#offer(upgrade);
    if (offered === 'taken' || !this.#isAlone) return;
    const answer =
      offered === 'malformed' ? unreadablePath : refusal(404, 'There is no WebSocket endpoint at this path.');
    void inTurn(upgrade, () => refuseHandshake(socket, answer));
  };
}

export function addUpgradeTaker(server: Server, taker: UpgradeTaker): void {
  let listener = listeners.get(server);
  if (listener === undefined) {
    listener = new UpgradeListener(server);
    listeners.set(server, listener);
  }
  listener.takers.add(taker);
}

export function removeUpgradeTaker(server: Server, taker: UpgradeTaker): void {
  const listener = listeners.get(server);
  if (listener === undefined) return;
  listener.takers.delete(taker);
  if (listener.takers.size > 0) return;
  listener.end();
  listeners.delete(server);
}

/** http, https and http2 servers are servers of node:net. @throws EndpointError not_a_server */
export function assertServer(given: unknown): void {
  if (given instanceof NetServer) return;
  throw new EndpointError('not_a_server', `attach takes an http.Server or https.Server; ${advice(given)}`);
}

function advice(given: unknown): string {
  const named = (given ?? {}) as Readonly<Record<string, unknown>>;
  // Fastify and Hapi; Nest; Vite.
  if (named['server'] instanceof NetServer) return 'this has one: give its property server';
  if (typeof named['getHttpServer'] === 'function') return 'give what its getHttpServer() returns';
  if (named['httpServer'] instanceof NetServer) return 'this has one: give its property httpServer';
  // Express and Connect, whose application is a function; Koa.
  if (typeof named['listen'] === 'function') return 'give what its listen(…) returns, or createServer(app)';
  if (typeof given === 'function') return 'give createServer(…) with this function as its listener';
  return `this is ${kindOf(given)}`;
}
