// An endpoint in a container: its open sessions, and the way from the engine's events to their dispatchers.

import type { ConnectionHandler, WebSocketConnection } from '@longwire/websocket';
import { leaveAll } from '../broadcast/memberships.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { type NotAnAnswer, notAnAnswer } from '../declaring/message-handler.js';
import { ObservedEvents } from '../observing/observed-events.js';
import type { CloseReason } from '../session/close-reason.js';
import { type Session, senderOf } from '../session/session.js';
import { type SessionFilter, selectSessions } from '../session/session-filter.js';
import { SessionHandlers } from '../session/session-handlers.js';
import { type OpenedSession, type SessionHost, SessionLifecycle } from '../session/session-lifecycle.js';
import type { ResolvedContainerOptions } from './container-options.js';

/** What is known of a connection when its handshake is done. */
export interface OpenedConnection extends OpenedSession {
  readonly connection: WebSocketConnection;
  /** Called when the session has ended, before its close handler. */
  readonly ended?: (reason: CloseReason) => void;
}

/** An endpoint as `container.add` returns it and `container.endpoints()` lists it. */
export class MountedEndpoint<Path extends string = string> implements NotAnAnswer {
  readonly definition: EndpointDefinition<Path>;
  readonly #sessions = new Set<Session>();
  /** Of the sessions that are waited for. */
  readonly #endListeners = new Map<Session, (reason: CloseReason) => void>();
  readonly #host: SessionHost;
  readonly #connected = new LiveCount();
  /** Sessions whose last handlers have not settled. */
  readonly #unfinished = new LiveCount();
  /** Sessions whose close handlers wait for handlers that have not settled. */
  readonly #closing = new Set<SessionLifecycle>();
  /** Connections that were accepted only to send them a close code. */
  readonly #dismissed = new Set<WebSocketConnection>();
  /** For connections that are going to be dismissed. */
  readonly dismissal: ConnectionHandler = {
    onClose: (connection) => {
      if (!this.#dismissed.delete(connection)) return;
      this.#connected.remove();
      this.#unfinished.remove();
    },
  };
  #isInService = true;

  constructor(definition: EndpointDefinition<Path>, { reportUnhandled, observer, warnings }: ResolvedContainerOptions) {
    this.definition = definition;
    this.#host = {
      definition,
      handlers: SessionHandlers.declared(definition),
      reportUnhandled,
      observer,
      warnings,
      pendingLimits: {
        stallMs: Math.ceil(definition.options.webSocket.closeTimeoutMs / 5),
        overdueMs: definition.options.handlerWarningMs,
      },
      openSessions: () => this.#sessions,
      ended: (session, reason) => {
        this.#sessions.delete(session);
        leaveAll(session);
        this.#connected.remove();
        observer?.sessionClosed?.(session, reason);
        this.#endListeners.get(session)?.(reason);
        this.#endListeners.delete(session);
      },
      closing: (lifecycle) => this.#closing.add(lifecycle),
      finished: (lifecycle) => {
        this.#closing.delete(lifecycle);
        this.#unfinished.remove();
      },
    };
  }

  /** A handler that returns it answers nothing. */
  get [notAnAnswer](): true {
    return true;
  }

  get name(): string {
    return this.definition.name;
  }

  /** The endpoint's path template. */
  get path(): Path {
    return this.definition.path;
  }

  /** The open sessions of this endpoint as they are now: all, or those that `filter` names. */
  openSessions(filter?: SessionFilter<Path>): Session<Path>[] {
    return selectSessions(this.#sessions, filter) as Session<Path>[];
  }

  /** False once the container has removed the endpoint. */
  get isInService(): boolean {
    return this.#isInService;
  }

  /** Opens no more sessions; those that are open stay. */
  retire(): void {
    this.#isInService = false;
  }

  /** Makes a session of a connection whose handshake is done, and runs its handlers from here on. */
  admit(opened: OpenedConnection): Session {
    const { connection, ended } = opened;
    const lifecycle = new SessionLifecycle(this.#host, connection, opened);
    const { session, input } = lifecycle;
    this.#connected.add();
    this.#unfinished.add();
    this.#sessions.add(session);
    if (ended !== undefined) this.#endListeners.set(session, ended);
    const { observer } = this.#host;
    const received = observer?.messageReceived;
    connection.data = received === undefined ? input : new ObservedEvents(input, session, received);
    observer?.sessionOpened?.(session);
    lifecycle.start();
    return session;
  }

  /** Closes a connection for which no session opens; its handler is {@link dismissal}. */
  dismiss(connection: WebSocketConnection, code: number, reason: string): void {
    this.#connected.add();
    this.#unfinished.add();
    this.#dismissed.add(connection);
    connection.close(code, reason);
  }

  /** Begins to close every open session. */
  closeSessions(code: number, reason: string): void {
    for (const session of selectSessions(this.#sessions, undefined))
      senderOf(session).close('going_away', code, reason);
  }

  /** No session, and no handler of one that has ended. */
  get isUnused(): boolean {
    return this.#unfinished.isNone;
  }

  /** Resolves when every session has ended and its handlers have settled. */
  finished(): Promise<void> {
    return this.#unfinished.whenNone();
  }

  /** Cuts the connections that are left. Resolves when there are none, and every `onClose` has been called. */
  async terminateConnections(): Promise<void> {
    for (const session of [...this.#sessions]) session.terminate();
    for (const connection of [...this.#dismissed]) connection.terminate();
    await this.#connected.whenNone();
    for (const lifecycle of [...this.#closing]) lifecycle.closeNow();
  }
}

/** Counts what is alive, and notifies when nothing is. */
class LiveCount {
  #count = 0;
  #waiters: (() => void)[] = [];

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
    if (this.#count > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  get isNone(): boolean {
    return this.#count === 0;
  }

  /** Resolves once the count is 0; at once when it is. */
  whenNone(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }
}
