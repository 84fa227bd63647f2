// Four small endpoints: two that answer, a group, and a chat for authenticated users.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Broadcast,
  type Configurator,
  defineEndpoint,
  EndpointContainer,
  type HandshakeRequest,
  OnClose,
  OnMessage,
  OnOpen,
  refuse,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';
import { alive } from './alive.js';
import { isOnThisMachine, mayActAs, tokenFor } from './credential.js';

const echo = defineEndpoint('/ws', { ...alive, onText: (text) => `Server: ${text}` });

const greeting = defineEndpoint('/websocket', { ...alive, onText: () => 'Hello, client!' });

const group = new Broadcast({ slow: 'close' });
const groupEndpoint = defineEndpoint('/group', {
  ...alive,
  onOpen: (session) => group.add(session),
  onText: (text, session) => group.send(text, { except: session }),
});

/** Answers 401 before the connection opens, unless the client may act as the user in the path. */
const signedIn: Configurator = {
  authenticate({ path, query, remoteAddress, headers }: HandshakeRequest) {
    const { username = '' } = path;
    const token = query.get('token') ?? /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (mayActAs(username, { remoteAddress, headers, token })) return { name: username };
    return refuse(401, 'A token is required for this name.', { 'WWW-Authenticate': 'Bearer' });
  },
};

const room = new Broadcast({ slow: 'close' });

@ServerEndpoint('/chat/{username}', { ...alive, configurator: signedIn })
class ChatEndpoint {
  @OnOpen()
  opened(session: Session<'/chat/{username}'>) {
    room.add(session);
    room.send(`${session.path.username} joined.`);
  }

  @OnMessage()
  said(text: string, session: Session<'/chat/{username}'>) {
    room.send(`${session.path.username}: ${text}`);
  }

  @OnClose()
  closed(session: Session<'/chat/{username}'>) {
    room.send(`${session.path.username} left.`);
  }
}

const container = new EndpointContainer();
for (const endpoint of [echo, greeting, groupEndpoint]) container.add(endpoint);
container.add(ChatEndpoint);

/** `GET /token?user=alice`: the link with which alice may chat from another machine. Only this machine can create one. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(`http://${request.headers.host}${request.url}`);
  const user = searchParams.get('user');
  if (pathname !== '/token' || !user) {
    response.end(
      'WebSocket endpoints: /ws, /websocket, /group, /chat/{username}\n' +
        'A bare username is accepted from this machine only; from elsewhere use a signed link: /token?user=alice\n',
    );
  } else if (!isOnThisMachine({ remoteAddress: request.socket.remoteAddress, headers: request.headers })) {
    response.writeHead(403).end('Links can be created only on the machine of the server.\n');
  } else {
    response.end(`ws://${request.headers.host}/chat/${encodeURIComponent(user)}?token=${tokenFor(user)}\n`);
  }
}

const server = createServer(answer);
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 8084), process.env['HOST'] ?? '127.0.0.1', () => {
  console.log(container.describe());
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://localhost:${port}/ - in another terminal: npm run client -w examples/4-echo`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await container.close();
    server.close();
    server.closeAllConnections();
  });
}
