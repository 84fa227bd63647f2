// Opens connections and closes each with the closing handshake, a fixed number at a time.
import { answerQuestions } from '../harness/child-process.mjs';
import { maskedClose } from '../harness/masked-frame.mjs';
import { RawClient } from '../harness/raw-client.mjs';

const atOnce = 50;
let index = 0;

answerQuestions({
  /** @param {{ port: number, count: number }} input */
  async run({ port, count }) {
    let left = count;
    const visitor = async () => {
      while (left > 0) {
        left -= 1;
        await visit(port);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, visitor));
  },
});

/**
 * Resolves when the server has ended the connection, as RFC 6455 §7.1.1 asks it to.
 * @param {number} port
 */
async function visit(port) {
  /** @type {() => void} */
  let onClose = () => undefined;
  const closed = new Promise((resolve) => {
    onClose = () => resolve(undefined);
  });
  const client = new RawClient({ port, index: index++ % 40_000, onFrame: () => undefined, onClose });
  await client.opened();
  client.write(maskedClose());
  await closed;
}
