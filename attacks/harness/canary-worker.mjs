// The canary's thread: a healthy connection that asks one thing at a time and times the answers. Its event loop is its
// own, so that what an attack costs the attacker does not count.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const { url, greeting, question, intervalMs } = workerData;
/** @type {number[]} */
let latenciesMs = [];
let askedAt = 0;
let isWelcome = greeting === undefined;
/** What is pushed between the answers, a receipt for example, begins no further round trip. */
const answerStart = question.startsWith('{') ? `{"re":${JSON.parse(question).id},` : '';

const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on('open', () => {
  if (greeting === undefined) begin();
  else socket.send(greeting);
});
socket.on('message', (data) => {
  if (!isWelcome) {
    isWelcome = true;
    begin();
    return;
  }
  if (!String(data).startsWith(answerStart)) return;
  latenciesMs.push(performance.now() - askedAt);
  setTimeout(ask, intervalMs);
});
socket.on('error', (error) => parentPort?.postMessage({ type: 'ended', why: error.message }));
socket.on('close', (code) => parentPort?.postMessage({ type: 'ended', why: `closed with ${code}` }));

parentPort?.on('message', (/** @type {'take' | 'end'} */ request) => {
  if (request === 'take') {
    // A question without an answer yet counts with the time it has waited.
    const samples = askedAt === 0 ? latenciesMs : [...latenciesMs, performance.now() - askedAt];
    parentPort?.postMessage({ type: 'latencies', latenciesMs: samples, keptWaitingMs: keptWaitingMs() });
    latenciesMs = [];
    return;
  }
  socket.terminate();
  parentPort?.close();
});

/** How long the machine had other things to do while this thread was ready to run: second field, nanoseconds. */
function keptWaitingMs() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    // A kernel without it.
    return 0;
  }
}

function begin() {
  parentPort?.postMessage({ type: 'ready' });
  ask();
}

function ask() {
  if (socket.readyState !== WebSocket.OPEN) return;
  askedAt = performance.now();
  socket.send(question);
}
