// Fills the channels of one user who is away, then connects as that user.
import { answerQuestions } from '../harness/child-process.mjs';
import { firstNumber, SendCommand } from '../harness/send-command.mjs';
import { signIn } from '../harness/signed-in-client.mjs';

const bodyBytes = 128;
const reader = 'bob';
const inFlight = 64;

answerQuestions({
  /**
   * Makes the device known: what comes later waits for it.
   * @param {{ port: number }} input
   */
  async visit({ port }) {
    const client = await signIn({ port, index: 0, user: reader, onFrame: () => undefined });
    client.destroy();
  },
  /**
   * Resolves when every message is stored.
   * @param {{ port: number, senders: number, messages: number }} input
   */
  async fill({ port, senders, messages }) {
    await Promise.all(Array.from({ length: senders }, (_, index) => fillFrom(port, index, messages / senders)));
  },
  /**
   * Connects, signs in and reads. Resolves when the last message has come.
   * @param {{ port: number, messages: number, batch: boolean }} input
   */
  async read({ port, messages, batch }) {
    let missing = messages;
    /** @type {(value?: unknown) => void} */
    let onLast = () => undefined;
    const last = new Promise((resolve) => {
      onLast = resolve;
    });
    let firstAt = 0;
    const start = performance.now();
    const client = await signIn({
      port,
      index: 0,
      user: reader,
      batch,
      onFrame(kind) {
        if (kind !== 'message') return;
        if (missing === messages) firstAt = performance.now();
        missing -= 1;
        if (missing === 0) onLast();
      },
    });
    const signedInAt = performance.now();
    await last;
    const end = performance.now();
    client.destroy();
    return { signInMs: signedInAt - start, firstMessageMs: firstAt - start, lastMessageMs: end - start };
  },
});

/**
 * @param {number} port
 * @param {number} index
 * @param {number} messages
 */
async function fillFrom(port, index, messages) {
  const command = new SendCommand(`user/${reader}`, `s${index}`, bodyBytes);
  let asked = 0;
  let answered = 0;
  /** @type {import('../harness/raw-client.mjs').RawClient | undefined} */
  let client;
  /** @type {(value?: unknown) => void} */
  let onDone = () => undefined;
  const done = new Promise((resolve) => {
    onDone = resolve;
  });
  const sendMore = () => {
    const count = Math.min(messages - asked, inFlight - (asked - answered));
    if (client === undefined || count === 0) return;
    const frames = Buffer.allocUnsafe(count * command.byteLength);
    for (let place = 0; place < count; place++) {
      command.writeTo(firstNumber + asked, frames, place * command.byteLength);
      asked += 1;
    }
    client?.write(frames);
  };
  client = await signIn({
    port,
    index,
    user: `s${index}`,
    onFrame(kind) {
      if (kind !== 'sent') return;
      answered += 1;
      if (answered === messages) onDone();
    },
    onChunkEnd: sendMore,
  });
  sendMore();
  await done;
  client.destroy();
}
