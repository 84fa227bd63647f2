// One sender, and 1 000 sessions of the user it writes to. The next messages go out when every session has all of those before.
import { answerQuestions } from '../harness/child-process.mjs';
import { firstNumber, SendCommand } from '../harness/send-command.mjs';
import { signIn } from '../harness/signed-in-client.mjs';

const bodyBytes = 128;
const command = new SendCommand('user/reader', 'writer', bodyBytes);

/** @type {import('../harness/raw-client.mjs').RawClient | undefined} */
let sender;
let receivers = 0;
let sent = 0;
let missing = 0;
let messageBytes = 0;
/** @type {() => void} */
let onAllReceived = () => undefined;

answerQuestions({
  /** @param {{ port: number, count: number }} input */
  async open({ port, count }) {
    sender = await signIn({ port, index: 0, user: 'writer', onFrame: () => undefined });
    for (let index = 1; index <= count; index++) {
      await signIn({
        port,
        index,
        user: 'reader',
        onFrame(kind, _bytes, start, end) {
          if (kind !== 'message') return;
          messageBytes = end - start;
          missing -= 1;
          if (missing === 0) onAllReceived();
        },
      });
      receivers += 1;
    }
  },
  messageBytes: () => messageBytes,
  /**
   * @param {{ durationMs: number, inFlight: number }} input
   * @returns {Promise<{ deliveries: number, elapsedMs: number }>}
   */
  run({ durationMs, inFlight }) {
    const start = performance.now();
    let deliveries = 0;
    return new Promise((resolve) => {
      const next = () => {
        missing = receivers * inFlight;
        const frames = Buffer.allocUnsafe(command.byteLength * inFlight);
        for (let place = 0; place < inFlight; place++) {
          command.writeTo(firstNumber + sent++, frames, place * command.byteLength);
        }
        sender?.write(frames);
      };
      onAllReceived = () => {
        deliveries += receivers * inFlight;
        const elapsedMs = performance.now() - start;
        if (elapsedMs < durationMs) next();
        else resolve({ deliveries, elapsedMs });
      };
      next();
    });
  },
});
