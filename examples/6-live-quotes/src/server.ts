// Live quotes: a page subscribes to symbols and draws their prices as they change.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EndpointContainer } from '@longwire/endpoint';
import { QuotesEndpoint } from './quotes-endpoint.js';

const page = await readFile(new URL('../page/index.html', import.meta.url));
const server = createServer((request, response) => {
  const [path] = (request.url ?? '').split('?');
  if (path === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
  else response.writeHead(404).end('Nothing here: the page is at /.\n');
});

const container = new EndpointContainer();
container.add(QuotesEndpoint);
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 8086), process.env['HOST'] ?? '127.0.0.1', () => {
  console.log(container.describe());
  console.log(`Open http://localhost:${(server.address() as AddressInfo).port}/`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await container.close();
    server.close();
    server.closeAllConnections();
  });
}
