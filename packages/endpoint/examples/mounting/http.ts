// The container on Node's own http server.
import { createServer } from 'node:http';
import { defineEndpoint, EndpointContainer, upgradeRequired } from '@longwire/endpoint';

export const container = new EndpointContainer();
container.add(defineEndpoint('/echo', { onText: (message) => message }));

export const server = createServer((request, response) => {
  // An endpoint's address, opened in a browser.
  if (container.serves(request.url ?? '/')) upgradeRequired(response);
  else if (request.url === '/') response.end('Hello from node:http');
  else response.writeHead(404).end('Nothing here');
});
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 3000), () => console.log(container.describe()));
