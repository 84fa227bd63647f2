// Comments whose authors are notified of replies: at once while they are online, otherwise when they return.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EndpointContainer } from '@longwire/endpoint';
import { Comments } from './comments.js';
import { isOnThisMachine, mayActAs, tokenFor } from './credential.js';
import { readJson } from './json-body.js';
import { NotifyEndpoint, notify, notifyAll } from './notify-endpoint.js';

const page = await readFile(new URL('../page/index.html', import.meta.url));
const comments = new Comments();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(`http://${request.headers.host}${request.url}`);
  const claim = {
    remoteAddress: request.socket.remoteAddress,
    headers: request.headers,
    token: /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1],
  };
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
      return void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
    case 'GET /token':
      if (!isOnThisMachine(claim))
        return refuse(response, 403, 'Links can be created only on the machine of the server.');
      return void response.end(tokenFor(searchParams.get('erp') ?? ''));
    case 'GET /comments':
      return void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(comments.all()));
    case 'POST /comments': {
      const { author, text, replyTo } = await readJson(request);
      if (!isWord(author) || !isWord(text)) return refuse(response, 400, 'Expected {author, text, replyTo?}.');
      if (!mayActAs(author, claim)) return refuse(response, 401, 'A signed link is required for this user.');
      const { answered } = comments.add(author, text, Number(replyTo) || undefined);
      if (answered !== undefined && answered.author !== author) {
        await notify(answered.author, `${author} replied to “${answered.text}”: ${text}`);
      }
      return void response.writeHead(201).end();
    }
    case 'POST /send': {
      if (!isOnThisMachine(claim)) return refuse(response, 403, 'Only programs on this machine may send.');
      const { to, text } = await readJson(request);
      if (!isWord(text))
        return refuse(response, 400, 'Expected {to?, text}; without `to` it goes to all users who are online.');
      if (isWord(to)) await notify(to, text);
      else notifyAll(text);
      return void response.writeHead(202).end();
    }
    default:
      return refuse(response, 404, 'Nothing here: the page is at /.');
  }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4_096;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => {
    const isUnreadable = error instanceof SyntaxError || error instanceof RangeError;
    refuse(response, isUnreadable ? 400 : 503, error.message);
  });
});
const container = new EndpointContainer();
container.add(NotifyEndpoint);
container.attach(server);
server.listen(Number(process.env['PORT'] ?? 8083), process.env['HOST'] ?? '127.0.0.1', () => {
  console.log(container.describe());
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  console.log(`Open ${url}?erp=alice and ${url}?erp=bob`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await container.close();
    server.close();
    server.closeAllConnections();
  });
}
