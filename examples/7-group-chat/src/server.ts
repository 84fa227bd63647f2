// The messaging server with one group that is open to everybody who knows its id, and a host who greets those who join.
import { connect, LongwireError } from '@longwire/client';
import { createLogger, resolveServerConfig, startServer } from '@longwire/server';
import { pageDirectory } from '@longwire/web';

const config = resolveServerConfig({
  // Names without proof, so on this machine only.
  auth: 'dev',
  port: Number(process.env['PORT'] ?? 8087),
  data: process.env['LONGWIRE_DATA'] ?? './data',
});
const logger = createLogger({ level: 'warn', destination: process.stderr, color: false });
const server = await startServer(config, {
  logger,
  pageDirectory,
  onFatal: (error) => {
    logger.error({ err: error }, 'the store cannot go on');
    process.exit(1);
  },
});
const url = server.urls[0] ?? '';

// A program is a user like any other.
const host = connect({ url, device: 'host', getToken: () => 'dev:host', client: { name: 'group-chat-host' } });
const lobby = host.group('lobby');
// Entries come in order: those of other kinds would wait for a handler, and the changes of members behind them.
host.on('message', () => {});
host.on('member', async ({ change, users }) => {
  if (change === 'joined') await lobby.send({ text: `Welcome, ${users.join(', ')}!` });
});
try {
  await host.createGroup({ id: lobby.id, title: 'Lobby', joining: 'open', history: 'start' });
} catch (error) {
  // An earlier run has created it.
  if (!(error instanceof LongwireError) || error.code !== 'exists') throw error;
}
console.log(`The group lobby is open at ${url}`);
console.log('Join it in a terminal: npm run chat -w examples/7-group-chat -- alice');

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await host.close();
    await server.close();
  });
}
