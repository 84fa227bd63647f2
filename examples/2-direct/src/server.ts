// Messages from one user to another, and from the server to a user: sendMessageToUser(userId, text).
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Configurator,
  closeWith,
  EndpointContainer,
  type HandshakeRequest,
  OnMessage,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';
import { isOnThisMachine, mayActAs, tokenFor } from './credential.js';
import { readJson } from './json-body.js';

/** Refuses with a close code instead of an HTTP status, because a page cannot read the status. */
const signedIn: Configurator = {
  authenticate({ path, query, remoteAddress, headers }: HandshakeRequest) {
    const { userId = '' } = path;
    if (mayActAs(userId, { remoteAddress, headers, token: query.get('token') })) return { name: userId };
    return closeWith(4401, 'a signed link is required for this user');
  },
};

@ServerEndpoint('/myHandler/{userId}', { configurator: signedIn })
class DirectEndpoint {
  /** `@bob hello` goes to bob. The returned value goes back to the sender. */
  @OnMessage()
  received(message: string, { path: { userId } }: Session<'/myHandler/{userId}'>) {
    const [, to, text] = /^@(\S+)\s+(.+)$/s.exec(message) ?? [];
    if (to === undefined || text === undefined) return 'Write "@bob hello" to say hello to bob.';
    const reached = sendMessageToUser(to, `${userId}: ${text}`);
    return reached > 0 ? undefined : `${to} is not online; nothing was sent.`;
  }
}

const container = new EndpointContainer();
const direct = container.add(DirectEndpoint);

/** Sends to every tab and device of the user, and returns their number. */
function sendMessageToUser(userId: string, text: string): number {
  const sessions = direct.openSessions({ path: { userId } });
  for (const session of sessions) session.send(text);
  return sessions.length;
}

const page = await readFile(new URL('../page/index.html', import.meta.url));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(`http://${request.headers.host}${request.url}`);
  const route = `${request.method} ${pathname}`;
  const isLocal = isOnThisMachine({ remoteAddress: request.socket.remoteAddress, headers: request.headers });
  if (route === 'GET /') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
  } else if (route === 'GET /token') {
    if (isLocal) response.end(tokenFor(searchParams.get('user') ?? ''));
    else response.writeHead(403).end('Links can be created only on the machine of the server.\n');
  } else if (route === 'POST /send') {
    if (!isLocal) return void response.writeHead(403).end('Only programs on the machine of the server may send.\n');
    const { userId, text } = await readJson(request);
    const reached = sendMessageToUser(String(userId), String(text));
    response.writeHead(reached > 0 ? 200 : 404).end(`${JSON.stringify({ reached })}\n`);
  } else {
    response.writeHead(404).end('Nothing here: the page is at /.\n');
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => response.writeHead(400).end(`${error.message}\n`));
});
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 8082), process.env['HOST'] ?? '127.0.0.1', () => {
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
