// Every message goes to all connected clients, including its sender.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Broadcast,
  EndpointContainer,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';

/** All open sessions. A session that ends leaves the set; one that reads too slowly is closed, and the others do not wait. */
const all = new Broadcast({ slow: 'close' });

@ServerEndpoint('/websocket')
class BroadcastEndpoint {
  @OnOpen()
  opened(session: Session) {
    all.add(session);
    console.log(`Connected … ${session.id}`);
  }

  @OnMessage()
  received(message: string) {
    all.send(message);
  }

  @OnClose()
  closed(session: Session) {
    console.log(`Disconnected … ${session.id}`);
  }
}

const page = await readFile(new URL('../page/index.html', import.meta.url));
const server = createServer((request, response) => {
  const [path] = (request.url ?? '').split('?');
  if (path === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
  else response.writeHead(404).end('Nothing here: the page is at /.\n');
});

const container = new EndpointContainer();
container.add(BroadcastEndpoint);
container.attach(server);

server.listen(Number(process.env['PORT'] ?? 8081), process.env['HOST'] ?? '127.0.0.1', () => {
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
