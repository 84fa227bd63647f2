// The container beside Fastify, on the server that Fastify makes.
import { defineEndpoint, EndpointContainer } from '@longwire/endpoint';
import fastify from 'fastify';

const app = fastify();
app.get('/', async () => 'Hello from Fastify');

export const container = new EndpointContainer();
container.add(defineEndpoint('/echo', { onText: (message) => message }));
container.attach(app.server);
// Fastify's own close waits for connections: end the sessions first.
app.addHook('preClose', () => container.close());

export const { server } = app;
await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
console.log(container.describe());
