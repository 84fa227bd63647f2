// The bell of a customer in the terminal: what is unread, live, and marked as read on all devices.
//   npm run bell -w examples/8-notification-bell -- bob                          the server of this folder
//   npm run bell -w examples/8-notification-bell -- bob http://127.0.0.1:8080    another one, with --auth dev
import { createInterface } from 'node:readline';
import { connect, type LongwireMessage } from '@longwire/client';

const [user, url = `http://127.0.0.1:${process.env['PORT'] ?? 8088}`] = process.argv.slice(2);
if (user === undefined) {
  console.error('Whose bell? npm run bell -w examples/8-notification-bell -- bob');
  process.exit(2);
}
const client = connect({ url, device: 'bell', getToken: () => `dev:${user}` });
const channels = [client.inbox, client.announcements];

/** What is known of each channel: by `inbox` and `all`. */
const known = new Map<string, LongwireMessage[]>(channels.map(({ address }) => [address, []]));
/** Up to where it was read, and what was read alone above that. */
const reads = new Map<string, { read: number; only: readonly number[] }>();

client.on('connected', (session) => {
  for (const { address, read, only = [] } of session.channels) reads.set(address, { read, only });
});
client.on('message', (message) => {
  take(message);
  ring();
});
client.on('receipt', ({ own, channel, read, only }) => {
  if (!own || read === undefined || !known.has(channel)) return;
  reads.set(channel, { read, only: only ?? reads.get(channel)?.only ?? [] });
  ring();
});
client.on('state', ({ state, willReconnect, reason }) => {
  if (state !== 'disconnected') return;
  console.log(willReconnect ? '(connection lost, reconnecting)' : `The server ended the session: ${reason}`);
  if (!willReconnect) process.exit(1);
});
client.on('error', ({ message }) => console.error(message));

/** A newer one of the same slot takes the place of the older one. */
function take(message: LongwireMessage): void {
  const others = known.get(message.channel)?.filter(({ offset, slot }) => {
    return offset !== message.offset && (slot === undefined || slot !== message.slot || offset > message.offset);
  });
  if (others !== undefined) known.set(message.channel, [...others, message]);
}

/** Newest first, without what has expired. */
function list(): LongwireMessage[] {
  const all = [...known.values()].flat().filter(({ expiresAt = Infinity }) => expiresAt > Date.now());
  return all.sort((a, b) => b.at - a.at || b.offset - a.offset);
}

function isRead({ channel, offset }: LongwireMessage): boolean {
  const { read, only } = reads.get(channel) ?? { read: 0, only: [] };
  return offset <= read || only.includes(offset);
}

function ring(): void {
  const unread = list().filter((message) => !isRead(message));
  const newest = unread[0];
  console.log(newest === undefined ? '🔔 0' : `🔔 ${unread.length} ${titleOf(newest)}`);
}

function titleOf({ body, by }: LongwireMessage): string {
  const title = typeof body === 'object' && body !== null && 'title' in body ? body['title'] : body;
  return `${title} (${by})`;
}

async function obey(line: string): Promise<void> {
  const [command, number] = line.trim().split(/\s+/);
  if (command === '/exit') lines.close();
  else if (command === '/all') {
    const newest = (address: string) => known.get(address)?.reduce((a, b) => (b.offset > a.offset ? b : a));
    for (const channel of channels)
      if (known.get(channel.address)?.length) await channel.read(newest(channel.address)!);
  } else if (command === '/read') {
    const message = list()[Number(number) - 1];
    if (message?.channel === 'inbox') await client.inbox.readOnly(message);
    else if (message !== undefined) await client.announcements.read(message);
  } else {
    for (const [index, message] of list().entries()) {
      console.log(`${index + 1} ${isRead(message) ? ' ' : '●'} ${titleOf(message)}`);
    }
  }
}

await client.ready();
for (const channel of channels) (await channel.history({ limit: 20 })).messages.forEach(take);
console.log(`The bell of ${user}. Enter lists, /read 1 marks one as read, /all marks all, /exit ends.`);
ring();
const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '' });
process.once('SIGINT', () => lines.close());
for await (const line of lines) await obey(line).catch((error) => console.error(error.message));
await client.close();
