// A server process with one of the engines. A client's text `<count> <joined|singly>` makes it broadcast.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createEngine } from '../engines/engine.mjs';
import { answerQuestions } from '../harness/child-process.mjs';

const gcRounds = 4;

const [side = 'longwire', heartbeatMs = '0', messageBytes = '128'] = process.argv.slice(2);
const server = createServer();
server.maxConnections = 19_000;
let sent = 0;
const engine = createEngine(/** @type {import('../harness/alternating-runs.mjs').Side} */ (side), {
  server,
  heartbeatMs: Number(heartbeatMs),
  onText(text) {
    const [count, how] = text.split(' ');
    const messages = Array.from({ length: Number(count) }, nextMessage);
    if (how === 'joined') engine.broadcast(messages);
    else engine.broadcastSingly(messages);
  },
});

/** Never twice the same, so that nothing can be remembered. */
function nextMessage() {
  return `${sent++} `.padEnd(Number(messageBytes), 'abcdefghijklmnopqrstuvwxyz');
}

answerQuestions({
  async listen() {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
    await once(server, 'listening');
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  },
  connections: () => engine.connections(),
  /** Memory after garbage was collected; needs --expose-gc. */
  async memory() {
    for (let round = 0; round < gcRounds; round++) {
      /** @type {() => void} */ (globalThis.gc)();
      await delay(100);
    }
    return process.memoryUsage();
  },
});
