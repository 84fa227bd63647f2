// The container beside Hono, on the server that its adapter for Node makes.
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { defineEndpoint, EndpointContainer } from '@longwire/endpoint';
import { Hono } from 'hono';

const app = new Hono();
app.get('/', (context) => context.text('Hello from Hono'));

export const container = new EndpointContainer();
container.add(defineEndpoint('/echo', { onText: (message) => message }));

// The adapter may also make HTTP/2 servers; without options it is node:http's.
export const server = serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) }) as Server;
container.attach(server);
console.log(container.describe());
