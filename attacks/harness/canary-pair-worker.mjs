// The thread of a canary pair: one user sends to another at fixed times, and each message is timed from its planned time to
// its arrival. Its event loop is its own, so that what the attacker's program costs does not count.
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

/** @type {{ url: string, senderToken: string, recipient: string, recipientToken: string, everyMs: number }} */
const { url, senderToken, recipient, recipientToken, everyMs } = workerData;
/** Number of a message → when it was planned, for those that have not arrived. @type {Map<number, number>} */
const waiting = new Map();
/** @type {number[]} */
let latenciesMs = [];
let refused = 0;
let next = 0;

const sender = signIn(senderToken, (message) => {
  // A canary that hits a limit of its own would measure itself.
  if (message.type === 'error') refused += 1;
});
const receiver = signIn(recipientToken, (message) => {
  if (message.type !== 'message') return;
  const plannedAt = waiting.get(message.body);
  if (plannedAt === undefined) return;
  waiting.delete(message.body);
  latenciesMs.push(performance.now() - plannedAt);
});

await Promise.all([sender.connected, receiver.connected]);
parentPort?.postMessage({ type: 'ready' });
const startedAt = performance.now();
const timer = setInterval(() => {
  for (let plannedAt = startedAt + next * everyMs; plannedAt <= performance.now(); plannedAt += everyMs) {
    waiting.set(next, plannedAt);
    sender.say({ id: next, type: 'send', to: `user/${recipient}`, body: next });
    next += 1;
  }
}, everyMs / 4);

parentPort?.on('message', (/** @type {'take' | 'end'} */ wish) => {
  if (wish === 'take') {
    const now = performance.now();
    // What has not arrived yet counts with the time for which it has been on its way, if that is already long.
    const late = [...waiting.values()].map((plannedAt) => now - plannedAt).filter((ms) => ms > everyMs);
    parentPort?.postMessage({ type: 'latencies', latenciesMs: [...latenciesMs, ...late], refused });
    latenciesMs = [];
    return;
  }
  clearInterval(timer);
  sender.socket.terminate();
  receiver.socket.terminate();
  parentPort?.close();
});

/**
 * @param {string} token
 * @param {(message: { type: string, body?: any }) => void} onMessage
 */
function signIn(token, onMessage) {
  const socket = new WebSocket(url, 'longwire.v1.json', { perMessageDeflate: false });
  const say = (/** @type {object} */ command) => socket.send(JSON.stringify(command));
  const connected = new Promise((resolve) => {
    socket.on('open', () => say({ id: 'in', type: 'connect', token }));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'connected') resolve(undefined);
      onMessage(message);
    });
  });
  socket.on('error', (error) => parentPort?.postMessage({ type: 'ended', why: error.message }));
  socket.on('close', (code) => parentPort?.postMessage({ type: 'ended', why: `closed with ${code}` }));
  return { socket, say, connected };
}
