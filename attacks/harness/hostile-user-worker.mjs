// The thread of one hostile user: as many sessions as a user may have, each with as many unanswered commands as a session may
// have, of one kind, in the form that costs the server most. What is refused is repeated at once, whatever `afterMs` says.
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

/** @type {import('./hostile-user.js').HostileUserOptions} */
const { url, user, token, attack, seed, sessions, inFlight, peers } = workerData;
const reconnectAfterMs = 20;
const longText = 'x'.repeat(60_000);
/** @type {Set<WebSocket>} */
const open = new Set();
/** What happened, by name: `sent`, `got <type or code>`, `closed <code>`. @type {Map<string, number>} */
const counts = new Map();
let state = seed >>> 0;
let nextId = 1;
let isEnding = false;

/** The next command of each attack but `connect`. @type {Record<string, (id: number) => string | object>} */
const commands = {
  refresh: (id) => ({ id, type: 'refresh', token }),
  send: (id) => ({
    id,
    type: 'send',
    to: `user/${pick(['peer', 'ghost'])}-${below(peers)}`,
    body: pick([1, longText]),
  }),
  'send with since': (id) => ({
    ...{ id, type: 'send', to: `user/peer-${below(peers)}`, body: 1 },
    ...{ key: `${seed}-${id}`, since: { epoch: pick(['none', '0']), offset: 0 } },
  }),
  ack: (id) => ({ id, type: 'ack', cursors: manyCursors() }),
  read: (id) => ({ id, type: 'read', channel: `user/peer-${below(peers)}`, offset: 1 }),
  history: (id) => ({ id, type: 'history', channel: 'user/peer-0', after: below(500), limit: 200 }),
  channels: (id) => ({ id, type: 'channels', after: `user/peer-${below(peers)}`, limit: 200 }),
  ping: (id) => pick(['ping', { id, type: 'ping' }]),
  'invalid fields': (id) => ({ id, type: 'send', to: '/'.repeat(60_000), body: 1 }),
  // To itself, and all but the first of its sessions stop reading.
  'stalled readers': (id) => ({ id, type: 'send', to: `user/${user}`, body: longText }),
};

for (let n = 0; n < sessions; n++) openSession(n);
parentPort?.postMessage('ready');
parentPort?.on('message', (/** @type {'take' | 'end'} */ wish) => {
  if (wish === 'take') {
    parentPort?.postMessage(Object.fromEntries(counts));
    return;
  }
  isEnding = true;
  for (const socket of open) socket.terminate();
  parentPort?.close();
});

/** @param {number} n which of the sessions of this user */
function openSession(n) {
  if (isEnding) return;
  const socket = new WebSocket(url, 'longwire.v1.json', { perMessageDeflate: false });
  open.add(socket);
  const say = (/** @type {string | object} */ command) => {
    count('sent');
    socket.send(typeof command === 'string' ? command : JSON.stringify(command));
  };
  const ask = () => say(commands[attack]?.(nextId++) ?? 'ping');
  const isConnecting = attack === 'connect';
  socket.on('open', () => {
    // A new device each time: its cursors have to be written down.
    const device = isConnecting ? `device-${below(1_000_000)}` : `device-${n}`;
    say({ id: 'in', type: 'connect', token, device, cursors: isConnecting ? manyCursors() : {} });
    // Half of them do not wait for the answer.
    if (isConnecting && below(2) === 0) setImmediate(() => socket.terminate());
  });
  socket.on('message', (/** @type {Buffer} */ data) => {
    const text = String(data);
    // Most of what comes is not for the attacker; parsing it would slow the attack down.
    const what =
      text === 'pong' ? 'pong' : (/"code":"(\w+)"/.exec(text.slice(0, 300)) ?? /"type":"(\w+)"/.exec(text))?.[1];
    count(`got ${what}`);
    if (what === 'connected') {
      if (isConnecting) socket.terminate();
      else if (attack === 'stalled readers' && n > 0) socket.pause();
      else for (let asked = 0; asked < inFlight; asked++) ask();
    } else if (text === 'pong' || text.startsWith('{"re":')) ask();
  });
  socket.on('error', () => {});
  socket.on('close', (code) => {
    open.delete(socket);
    count(`closed ${code}`);
    setTimeout(() => openSession(n), reconnectAfterMs);
  });
}

/** As many as `connect` and `ack` may carry, half of them of channels that do not exist. */
function manyCursors() {
  const names = Array.from({ length: 500 }, (_, n) => `user/${n % 2 === 0 ? 'peer' : 'unknown'}-${n}`);
  return Object.fromEntries(names.map((name) => [name, attack === 'connect' ? { epoch: 'none', offset: 1 } : 1]));
}

/** mulberry32, as SeededRandom of @longwire/test-support. @param {number} limit */
function below(limit) {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
}

/** @template Item @param {Item[]} items @returns {Item} */
function pick(items) {
  return /** @type {Item} */ (items[below(items.length)]);
}

/** @param {string} what */
function count(what) {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
