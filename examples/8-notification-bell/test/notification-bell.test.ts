// The bell as its user sees it: two terminals of one customer, and the shop.
import { ExampleProcess } from '@longwire/test-support/example-process';
import { afterAll, beforeAll, expect, it } from 'vitest';

let server: ExampleProcess;

beforeAll(async () => {
  server = await ExampleProcess.start('8-notification-bell');
});
afterAll(() => ExampleProcess.stopAll());

const bellOf = (user: string) =>
  ExampleProcess.start('8-notification-bell', { program: 'bell', args: [user, server.url], hasAddress: false });
const shop = (...args: string[]) =>
  ExampleProcess.start('8-notification-bell', {
    program: 'shop',
    args,
    environment: { SHOP_URL: server.url, PAUSE_MS: '1' },
    hasAddress: false,
  });

it('rings for each step of an order, keeps the newest one, and shows on one device what was read on another', async () => {
  const bell = await bellOf('bob');
  await bell.shows(/🔔 0/, 'output');
  expect((await (await shop('bob', '7')).result).exit).toBe(0);
  await bell.shows(/🔔 1 Order 7 is packed \(shop\)\n🔔 1 Order 7 has shipped.*\n🔔 1 Order 7 was delivered/, 'output');
  expect((await (await shop('--all', 'Closed on Monday')).result).exit).toBe(0);
  await bell.shows(/🔔 2 Closed on Monday/, 'output');
  const other = await bellOf('bob');
  await other.shows(/🔔 2 Closed on Monday/, 'output');
  bell.write('\n');
  await bell.shows(/1 ● Closed on Monday \(shop\)\n2 ● Order 7 was delivered \(shop\)\n/, 'output');
  bell.write('/read 2\n');
  await other.shows(/🔔 1 Closed on Monday/, 'output');
  other.write('/all\n');
  await bell.shows(/🔔 0\n(.*\n)*🔔 0/, 'output');
  other.write('/exit\n');
  expect((await other.result).exit).toBe(0);
});

it('shop without an order, and bell without a name, exit 2', async () => {
  for (const program of ['shop', 'bell']) {
    const started = await ExampleProcess.start('8-notification-bell', { program, hasAddress: false });
    expect(await started.result).toMatchObject({ exit: 2 });
  }
});
