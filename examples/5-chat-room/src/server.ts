// A chat room, twice: as an annotated class and as a programmatic endpoint. The scan finds both.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EndpointContainer } from '@longwire/endpoint';

const container = new EndpointContainer();
await container.scan(new URL('./rooms/', import.meta.url));

const page = await readFile(new URL('../page/index.html', import.meta.url));
const server = createServer((request, response) => {
  const [path] = (request.url ?? '').split('?');
  if (path === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
  else response.writeHead(404).end('Nothing here: the page is at /.\n');
});
container.attach(server);

server.listen(Number(process.env['PORT'] ?? 8085), process.env['HOST'] ?? '127.0.0.1', () => {
  console.log(container.describe());
  console.log(`Open http://localhost:${(server.address() as AddressInfo).port}/ in two tabs.`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await container.close();
    server.close();
    server.closeAllConnections();
  });
}
