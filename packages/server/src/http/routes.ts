// What the HTTP server answers besides upgrades: health, readiness and the page.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectPath } from '@longwire/protocol';
import type { PageFiles } from './page-files.js';
import { replyError, replyJson } from './reply.js';

/** Whether clients should be sent here; if not, why. */
export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly reason: string };

export interface RouteOptions {
  readonly readiness: () => Readiness;
  readonly page: PageFiles | undefined;
}

type RouteHandler = (response: ServerResponse) => void;

/** Answers a request whose path was parsed. */
export type RequestRouter = (path: string, request: IncomingMessage, response: ServerResponse) => void;

/** Every path is only read. */
const ALLOWED = 'GET, HEAD';

export function createRouter({ readiness, page }: RouteOptions): RequestRouter {
  const routes: ReadonlyMap<string, RouteHandler> = new Map([
    ['/healthz', (response: ServerResponse) => replyJson(response, 200, { status: 'ok' })],
    ['/readyz', (response: ServerResponse) => replyReadiness(response, readiness())],
    [connectPath, upgradeRequired],
  ]);

  return (path, request, response) => {
    const route = routes.get(path);
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (route !== undefined) return route(response);
      if (page?.serve(path, request, response) === true) return;
    } else if (route !== undefined || page?.has(path) === true) {
      methodNotAllowed(response);
      return;
    }
    replyError(response, { status: 404, code: 'unknown_type', message: 'There is nothing at this path' });
  };
}

function replyReadiness(response: ServerResponse, state: Readiness): void {
  if (state.isReady) replyJson(response, 200, { status: 'ready' });
  else replyError(response, { status: 503, code: 'unavailable', message: `Not ready: ${state.reason}` });
}

// RFC 9110 §15.5.22: a 426 names the protocol that is wanted.
function upgradeRequired(response: ServerResponse): void {
  replyError(response, {
    status: 426,
    code: 'malformed',
    message: 'This address speaks WebSocket: connect with a ws:// or wss:// URL and the subprotocol longwire.v1.json',
    // Node adds no "close" to a Connection header of ours, so the end has to be said here.
    headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
  });
}

function methodNotAllowed(response: ServerResponse): void {
  replyError(response, {
    status: 405,
    code: 'unknown_type',
    message: `This path takes ${ALLOWED} only`,
    // A body that was sent is not read, so the connection cannot be used again.
    headers: { Allow: ALLOWED, Connection: 'close' },
  });
}
