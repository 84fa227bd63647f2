// The messaging server, with one user who may write notifications and announcements: the shop.
import { createLogger, resolveServerConfig, startServer } from '@longwire/server';
import { pageDirectory } from '@longwire/web';

const config = resolveServerConfig({
  // Names without proof, so on this machine only. With tokens, the shop has one with the claim `role: admin`.
  auth: 'dev',
  devAdmins: ['shop'],
  port: Number(process.env['PORT'] ?? 8088),
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
console.log(`The shop is open at ${server.urls[0]}`);
console.log('Watch the bell of bob: npm run bell -w examples/8-notification-bell -- bob');
console.log('Send him an order:     npm run shop -w examples/8-notification-bell -- bob 7');

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
