// Opens connections and keeps them, saying nothing.
import { answerQuestions } from '../harness/child-process.mjs';
import { RawClient } from '../harness/raw-client.mjs';

const openingAtOnce = 100;
let opened = 0;
let pingsReceived = 0;

answerQuestions({
  /** @param {{ port: number, upTo: number }} input */
  async open({ port, upTo }) {
    while (opened < upTo) {
      const count = Math.min(openingAtOnce, upTo - opened);
      const clients = Array.from({ length: count }, (_, index) => {
        const onPing = () => {
          pingsReceived += 1;
        };
        return new RawClient({ port, index: opened + index, onFrame: () => undefined, onPing }).opened();
      });
      await Promise.all(clients);
      opened += count;
    }
  },
  pingsReceived: () => pingsReceived,
});
