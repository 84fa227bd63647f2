// A container with endpoints that are worth an attack, in a process of its own. Its settings come as JSON in the first
// argument; the first line of output is the port. Any plain request is answered with what happened so far.
import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { Broadcast, defineEndpoint, EndpointContainer, guest } from '@longwire/endpoint';

/** @type {{ port?: number, maxPendingHandshakes?: number, hookMs?: number }} */
const { port = 0, maxPendingHandshakes = 1_000, hookMs = 0 } = JSON.parse(process.argv[2] ?? '{}');
const counts = { opened: 0, closed: 0, unhandled: 0 };
const container = new EndpointContainer({
  maxPendingHandshakes,
  // What peers break and networks lose (`session`) is no fault of the program.
  onUnhandledError(_error, { during }) {
    if (during !== 'session') counts.unhandled++;
  },
  // Once for each origin that is refused; what is printed here is looked through for faults.
  onWarning: () => undefined,
});
/** @returns {Promise<never>} */
const never = () => new Promise(() => {});

container.add(
  defineEndpoint('/echo', {
    onOpen: () => void counts.opened++,
    onText: (text) => text,
    onClose: () => void counts.closed++,
  }),
);
// Asks somebody who does not answer.
container.add(
  defineEndpoint('/guarded', { configurator: { authenticate: never }, limits: { handshakeTimeoutMs: 600 } }),
);
// Asks somebody who takes a moment.
container.add(
  defineEndpoint('/busy', {
    configurator: { authenticate: () => new Promise((resolve) => setTimeout(resolve, hookMs, guest)) },
    onText: (text) => text,
  }),
);
container.add(defineEndpoint('/quiet', { idleTimeoutMs: 300, limits: { heartbeatMs: 0 } }));
// Who is not read is heard of only when something is written.
const pinging = { heartbeatMs: 500 };
container.add(defineEndpoint('/hanging', { onText: never, limits: pinging }));
container.add(defineEndpoint('/hanging-parts', { onTextPart: never, limits: pinging }));
container.add(defineEndpoint('/unread', { onTextStream: never, limits: pinging }));

let pongs = 0;
container.add(
  defineEndpoint('/pongs', {
    async onPong() {
      pongs++;
      await turn();
    },
    onText: () => String(pongs),
  }),
);

/** @type {Broadcast<'/room'>} */
const room = new Broadcast({ slow: 'close', maxBufferedBytes: 1_048_576 });
container.add(
  defineEndpoint('/room', {
    limits: { maxBufferedBytes: 16 * 1_048_576, closeTimeoutMs: 300 },
    onOpen: (session) => void room.add(session),
    onText: (text) => void room.send(text),
  }),
);
// `onText` gives so much at once, for readers that take it drop by drop.
container.add(
  defineEndpoint('/trickle', {
    limits: { maxBufferedBytes: 16 * 1_048_576, slowReaderMs: 300, closeTimeoutMs: 300 },
    onText: (text) => Buffer.alloc(Number(text)),
  }),
);

const server = createServer((request, response) => {
  // Whoever measures wants memory that is in use, not memory that waits for the collector.
  if (request.url === '/after-gc') globalThis.gc?.();
  // Descriptors are counted.
  response.setHeader('Connection', 'close');
  response.end(JSON.stringify({ ...counts, inRoom: room.size }));
});
container.attach(server);
server.listen(port, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(`${address.port}\n`);
});
// Whoever started this process has gone, however: so does it.
process.stdin.on('end', () => process.exit(0)).resume();
