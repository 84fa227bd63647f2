// The container on an https server: the same, and wss: instead of ws:. TLS_CERT and TLS_KEY name PEM files.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { defineEndpoint, EndpointContainer } from '@longwire/endpoint';

export const container = new EndpointContainer();
container.add(defineEndpoint('/echo', { onText: (message) => message }));

const { TLS_CERT = 'cert.pem', TLS_KEY = 'key.pem', PORT = '3000' } = process.env;
export const server = createServer(
  { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) },
  (request, response) => {
    if (request.url === '/') response.end('Hello from node:https');
    else response.writeHead(404).end('Nothing here');
  },
);
container.attach(server);
server.listen(Number(PORT), () => console.log(container.describe()));
