// The container beside Express: both on one http server, which Express does not make itself.
import { createServer } from 'node:http';
import { defineEndpoint, EndpointContainer } from '@longwire/endpoint';
import express from 'express';

const app = express();
app.get('/', (_request, response) => {
  response.send('Hello from Express');
});

export const container = new EndpointContainer();
container.add(defineEndpoint('/echo', { onText: (message) => message }));

export const server = createServer(app);
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 3000), () => console.log(container.describe()));
