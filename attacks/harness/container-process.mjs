// A container with endpoints to attack, in a process of its own. Its settings come as JSON in the first
// argument; the first line of output is the port. Any plain request is answered with what happened so far.
import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { Broadcast, defineEndpoint, EndpointContainer, guest } from '@longwire/endpoint';

/** @type {{ port?: number, maxPendingHandshakes?: number, hookMs?: number }} */
const { port = 0, maxPendingHandshakes = 1_000, hookMs = 0 } = JSON.parse(process.argv[2] ?? '{}');
const counts = { opened: 0, closed: 0, unhandled: 0 };
const container = new EndpointContainer({
  maxPendingHandshakes,
  // Faults of peers and networks (`session`) are not faults of the program.
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
// Its hook never settles.
container.add(
  defineEndpoint('/guarded', { configurator: { authenticate: never }, limits: { handshakeTimeoutMs: 600 } }),
);
// Its hook takes hookMs.
container.add(
  defineEndpoint('/busy', {
    configurator: { authenticate: () => new Promise((resolve) => setTimeout(resolve, hookMs, guest)) },
    onText: (text) => text,
  }),
);
container.add(defineEndpoint('/quiet', { idleTimeoutMs: 300, limits: { heartbeatMs: 0 } }));
// A peer that is not read from is noticed only when something is written to it.
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
    onOpen: (session) => room.add(session),
    onText: (text) => room.send(text),
  }),
);
// `onText` sends that many bytes at once, for readers that take them a few at a time.
container.add(
  defineEndpoint('/trickle', {
    limits: { maxBufferedBytes: 16 * 1_048_576, slowReaderMs: 300, closeTimeoutMs: 300 },
    onText: (text) => Buffer.alloc(Number(text)),
  }),
);

const server = createServer((request, response) => {
  // Measurements are about memory in use, not about memory that waits for the garbage collector.
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
// The program that started this one has ended.
process.stdin.on('end', () => process.exit(0)).resume();
