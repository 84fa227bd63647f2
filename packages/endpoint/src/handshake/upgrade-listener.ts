// The one 'upgrade' listener of an http server, however many containers are attached to it.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { refusal, refuseHandshake } from '@longwire/websocket';
import { requestedPathOf } from './handshake-request.js';
import { answerAsPlainRequest, asksForWebSocket } from './plain-request.js';
import type { UpgradeRequest } from './upgrade-request.js';

/** What a container answers to a path: it takes the request, the path is unreadable, or it is not one of its paths. */
export type UpgradeTaken = 'taken' | 'malformed' | 'unknown';

/** Something that may take upgrade requests. */
export type UpgradeTaker = (path: string, upgrade: UpgradeRequest) => UpgradeTaken;

export const unreadablePath = refusal(400, 'The path cannot be decoded.');

const listeners = new WeakMap<Server, UpgradeListener>();

/** Node from 24.9 asks before it takes a request for an upgrade; what it is told not to stays an ordinary request. */
interface AskingServer {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

class UpgradeListener {
  readonly takers = new Set<UpgradeTaker>();
  readonly #server: Server;
  readonly #askedBefore: AskingServer['shouldUpgradeCallback'];

  constructor(server: Server) {
    this.#server = server;
    server.on('upgrade', this.#listen);
    const asking = server as Server & AskingServer;
    const before = asking.shouldUpgradeCallback;
    this.#askedBefore = before;
    if (before === undefined) return;
    asking.shouldUpgradeCallback = (request) => !this.#isPlain(request) && before.call(server, request);
  }

  end(): void {
    this.#server.off('upgrade', this.#listen);
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

  readonly #listen = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#isPlain(request)) {
      answerAsPlainRequest(this.#server, { request, socket, head });
      return;
    }
    const path = requestedPathOf(request.url ?? '/');
    let isMalformed = false;
    for (const take of this.takers) {
      const answer = take(path, { request, socket, head });
      if (answer === 'taken') return;
      if (answer === 'malformed') isMalformed = true;
    }
    if (!this.#isAlone) return;
    const answer = isMalformed ? unreadablePath : refusal(404, 'There is no WebSocket endpoint at this path.');
    refuseHandshake(socket, answer);
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
