// The answer to a request that came to an endpoint's path without asking for WebSocket.
import type { ServerResponse } from 'node:http';
import { upgradeRefusal } from '@longwire/websocket';

/**
 * Answers 426 with a sentence, for people who open an endpoint's address in a browser. For the owner of the http server,
 * whose request listener gets such requests: `if (container.serves(request.url ?? '/')) upgradeRequired(response)`.
 */
export function upgradeRequired(response: ServerResponse): void {
  const { status, headers, body } = upgradeRefusal(
    'This address speaks WebSocket: open it with a WebSocket client (ws:// or wss://).\n',
  );
  response.writeHead(status, {
    ...headers,
    // RFC 9110 §7.8: a sender of Upgrade names it in Connection.
    Connection: 'Upgrade',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
