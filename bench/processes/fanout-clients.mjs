// 1 000 receivers. The next broadcast is asked for when the last of them has everything of the one before.
import { answerQuestions } from '../harness/child-process.mjs';
import { maskedText } from '../harness/masked-frame.mjs';
import { RawClient } from '../harness/raw-client.mjs';

/** @type {RawClient[]} */
const clients = [];
let missing = 0;
/** @type {() => void} */
let onAllReceived = () => undefined;

function onFrame() {
  missing -= 1;
  if (missing === 0) onAllReceived();
}

answerQuestions({
  /** @param {{ port: number, count: number }} input */
  async open({ port, count }) {
    for (let index = 0; index < count; index++) {
      const client = new RawClient({ port, index, onFrame });
      await client.opened();
      clients.push(client);
    }
  },
  /**
   * @param {{ durationMs: number, inFlight: number, how: 'joined' | 'singly' }} input
   * @returns {Promise<{ deliveries: number, elapsedMs: number }>}
   */
  run({ durationMs, inFlight, how }) {
    const start = performance.now();
    const order = maskedText(`${inFlight} ${how}`);
    let deliveries = 0;
    return new Promise((resolve) => {
      const next = () => {
        missing = clients.length * inFlight;
        clients[0]?.write(order);
      };
      onAllReceived = () => {
        deliveries += clients.length * inFlight;
        const elapsedMs = performance.now() - start;
        if (elapsedMs < durationMs) next();
        else resolve({ deliveries, elapsedMs });
      };
      next();
    });
  },
});
