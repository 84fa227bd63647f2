// A client in the terminal: each line is a message, `exit` closes.
//   npm run client -w examples/4-echo                                  /ws of the server in this folder
//   npm run client -w examples/4-echo -- ws://127.0.0.1:8084/group     another endpoint
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineClientEndpoint, EndpointContainer } from '@longwire/endpoint';

const question = "Enter message to send (or 'exit' to quit):";
/** An echo arrives within this time; a group does not answer. */
const answerWithinMs = 1_000;
const [url = `ws://127.0.0.1:${process.env['PORT'] ?? 8084}/ws`] = process.argv.slice(2);

let terminal: Interface | undefined;
let answered = (): void => {};

const client = defineClientEndpoint({
  onOpen() {
    console.log('Connection opened');
  },
  onText(text) {
    console.log(`Received: ${text}`);
    answered();
  },
  onClose(_session, { code, reason }) {
    console.log(`Connection closed (${code}${reason && ` ${reason}`})`);
    if (code !== 1000) process.exitCode = 1;
    // Ends the prompt.
    terminal?.close();
  },
});

try {
  const connection = await new EndpointContainer().connect(client, url);
  process.once('SIGINT', () => connection.close());
  // Not earlier: lines that are available already wait in stdin.
  terminal = createInterface({ input: process.stdin });
  console.log(question);
  for await (const line of terminal) {
    if (line.trim() === 'exit') break;
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    connection.session?.send(line);
    await Promise.race([answer, sleep(answerWithinMs, undefined, { ref: false })]);
    console.log(question);
  }
  await connection.close();
} catch (error) {
  console.error(`Cannot connect to ${url}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
