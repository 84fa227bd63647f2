// A member of the group in the terminal: each line is a message, /help lists the commands.
//   npm run chat -w examples/7-group-chat -- alice                          the server of this folder
//   npm run chat -w examples/7-group-chat -- alice http://127.0.0.1:8080    another one, with --auth dev
import { createInterface } from 'node:readline';
import { connect, type HistoryItem, type LongwireMessage } from '@longwire/client';

const [user, url = `http://127.0.0.1:${process.env['PORT'] ?? 8087}`] = process.argv.slice(2);
if (user === undefined) {
  console.error('Who are you? npm run chat -w examples/7-group-chat -- alice');
  process.exit(2);
}
// The server keeps the reading position of this device: the next run gets what came in between.
const client = connect({ url, device: 'group-chat', getToken: () => `dev:${user}` });
const lobby = client.group('lobby');

client.on('message', (message) => print(message));
client.on('member', (change) => print(change));
client.on('group', (change) => print(change));
client.on('gap', (gap) => print(gap));
client.on('typing', ({ user: other, isTyping }) => {
  if (isTyping) console.log(`(${other} is typing)`);
});
client.on('state', ({ state, willReconnect, reason }) => {
  if (state !== 'disconnected') return;
  console.log(willReconnect ? '(connection lost, reconnecting)' : `The server ended the session: ${reason}`);
  if (!willReconnect) process.exit(1);
});
client.on('error', ({ message }) => console.error(message));

function print(item: HistoryItem): void {
  if (item.channel !== lobby.address) return;
  if ('reason' in item) console.log(`(${item.from}-${item.to} are gone: ${item.reason})`);
  else if ('change' in item) console.log(`* ${item.users.join(', ')}: ${item.role ?? item.change} (by ${item.from})`);
  else if ('settings' in item) console.log(`* ${item.from} set ${Object.keys(item.settings).join(', ')}`);
  else console.log(`${item.from ?? item.by}: ${textOf(item)}`);
}

/** By convention, a body is `{ text }`. */
function textOf({ body }: LongwireMessage): string {
  const text = typeof body === 'object' && body !== null && 'text' in body ? body['text'] : body;
  return typeof text === 'string' ? text : JSON.stringify(text);
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
  '/help': async () => console.log(Object.keys(commands).join(' ')),
  '/who': async () => {
    const { members, total } = await lobby.members({ limit: 20 });
    const states = await client.presence(members.map((member) => member.user));
    const names = members.map((member) => `${member.user}${states.get(member.user)?.online ? ' (online)' : ''}`);
    console.log(`${total} members: ${names.join(', ')}`);
  },
  '/history': async () => {
    for (const item of (await lobby.history({ limit: 20 })).items) print(item);
  },
  '/leave': async () => {
    await lobby.leave();
    lines.close();
  },
  '/exit': async () => lines.close(),
};

await client.ready();
// Nothing happens for who is a member already.
await lobby.join();
console.log(`You are ${user} in the lobby.`);
const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '' });
process.once('SIGINT', () => lines.close());
for await (const line of lines) {
  if (line.trim() === '') continue;
  try {
    const command = commands[line.trim()];
    // Resolves once the message is on the server's disk.
    await (command === undefined ? lobby.send({ text: line }) : command());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
await client.close();
