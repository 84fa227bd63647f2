// What programs give to attach in place of a server.
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:http2';
import express from 'express';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { EndpointContainer } from '../../src/index.js';

it.each<[what: string, given: unknown, sentence: string]>([
  ['an Express application', express(), 'give what its listen(…) returns, or createServer(app)'],
  ['a Fastify application', fastify(), 'give its property server'],
  ['a Nest application', { getHttpServer: () => undefined, listen: () => {} }, 'what its getHttpServer() returns'],
  ['a server of Vite', { httpServer: createServer(), listen: () => {} }, 'give its property httpServer'],
  ['a request listener', () => {}, 'give createServer(…) with this function as its listener'],
  ['an emitter of events', new EventEmitter(), 'this is an EventEmitter'],
  ['a port', 8080, 'this is a number'],
  ['null', null, 'this is null'],
  ['nothing', undefined, 'this is undefined'],
])('attach refuses %s and says what to give instead', (_what, given, sentence) => {
  expect(() => new EndpointContainer().attach(given as never)).toThrow(
    expect.objectContaining({ code: 'not_a_server', message: expect.stringContaining(sentence) }),
  );
});

it('attach takes the server of an Express application, and one for HTTP/2', () => {
  const container = new EndpointContainer();
  for (const server of [createServer(express()), createSecureServer()]) {
    expect(() => container.attach(server as never)).not.toThrow();
    container.detach(server as never);
  }
});
