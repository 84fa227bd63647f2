// What the HTTP side answers besides upgrades: health, readiness, the page, and why not.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectPath } from '@longwire/protocol';
import findMyWay, { type HTTPMethod } from 'find-my-way';
import type { PageFiles } from './page-files.js';
import { replyError, replyJson } from './reply.js';

/** Whether clients should be sent here; if not, why. */
export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly reason: string };

export interface RouteOptions {
  readonly readiness: () => Readiness;
  readonly page: PageFiles | undefined;
}

type RouteHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers a request whose path is known to be honest. */
export type RequestRouter = (path: string, request: IncomingMessage, response: ServerResponse) => void;

const readMethods: HTTPMethod[] = ['GET', 'HEAD'];
const otherMethods: HTTPMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function createRouter({ readiness, page }: RouteOptions): RequestRouter {
  const router = findMyWay({ caseSensitive: true, ignoreTrailingSlash: false });
  const read = (path: string, handler: RouteHandler) => router.on(readMethods, path, handler);

  read('/healthz', (_request, response) => replyJson(response, 200, { status: 'ok' }));
  read('/readyz', (_request, response) => {
    const state = readiness();
    if (state.isReady) replyJson(response, 200, { status: 'ready' });
    else replyError(response, { status: 503, code: 'unavailable', message: `Not ready: ${state.reason}` });
  });
  read(connectPath, (_request, response) => upgradeRequired(response));

  return (path, request, response) => {
    const method = (request.method ?? 'GET') as HTTPMethod;
    const route = router.find(method, path);
    if (route !== null) {
      (route.handler as unknown as RouteHandler)(request, response);
      return;
    }
    const isReading = method === 'GET' || method === 'HEAD';
    if (isReading && page?.serve(path, request, response) === true) return;
    const allowed = [...readMethods, ...otherMethods].filter((other) => router.find(other, path) !== null);
    if (allowed.length === 0 && page?.has(path) === true) allowed.push(...readMethods);
    if (allowed.length > 0) methodNotAllowed(response, allowed);
    else replyError(response, { status: 404, code: 'unknown_type', message: 'There is nothing at this path' });
  };
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

function methodNotAllowed(response: ServerResponse, allowed: readonly string[]): void {
  const list = allowed.join(', ');
  replyError(response, {
    status: 405,
    code: 'unknown_type',
    message: `This path takes ${list} only`,
    // What a body held is not read, so the connection cannot be used again.
    headers: { Allow: list, Connection: 'close' },
  });
}
