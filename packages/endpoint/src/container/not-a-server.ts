// What is given to `attach` in place of a server: mostly the application of a framework, some of which have `on` as well
// and would take the listener without ever calling it.
import { Server } from 'node:net';
import { EndpointError } from '../errors.js';

/** http, https and http2 servers are servers of node:net. @throws EndpointError not_a_server */
export function refuseNoServer(given: unknown): void {
  if (given instanceof Server) return;
  throw new EndpointError('not_a_server', `attach takes an http.Server or https.Server; ${advice(given)}`);
}

function advice(given: unknown): string {
  const named = (given ?? {}) as Readonly<Record<string, unknown>>;
  // Fastify and Hapi; Nest; Vite.
  if (named['server'] instanceof Server) return 'this has one: give its property server';
  if (typeof named['getHttpServer'] === 'function') return 'give what its getHttpServer() returns';
  if (named['httpServer'] instanceof Server) return 'this has one: give its property httpServer';
  // Express and Connect, whose application is a function; Koa.
  if (typeof named['listen'] === 'function') return 'give what its listen(…) returns, or createServer(app)';
  if (typeof given === 'function') return 'give createServer(…) with this function as its listener';
  return `this is ${given === null ? 'null' : typeof given}`;
}
