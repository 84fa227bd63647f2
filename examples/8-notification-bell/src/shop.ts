// The backend of the shop: reports how far an order is, or announces something to all customers.
//   npm run shop -w examples/8-notification-bell -- bob 7                     order 7 of bob, step by step
//   npm run shop -w examples/8-notification-bell -- --all 'Closed on Monday'
import { connect } from '@longwire/client';

const [customer, what] = process.argv.slice(2);
if (customer === undefined || what === undefined) {
  console.error('For whom, and what? npm run shop -w examples/8-notification-bell -- bob 7');
  process.exit(2);
}
const url = process.env['SHOP_URL'] ?? `http://127.0.0.1:${process.env['PORT'] ?? 8088}`;
const shop = connect({ url, device: 'shop', getToken: () => 'dev:shop', client: { name: 'shop' } });
const pauseMs = Number(process.env['PAUSE_MS'] ?? 3_000);
const weekMs = 7 * 86_400_000;

if (customer === '--all') {
  await shop.announce({ title: what }, { ttlMs: weekMs });
} else {
  for (const [index, step] of ['is packed', 'has shipped', 'was delivered'].entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const title = `Order ${what} ${step}`;
    // One slot for each order: only the newest step stays in the inbox. With a key, a repetition is stored once.
    await shop.notify(customer, { title }, { slot: `order-${what}`, key: `${what}-${step}`, ttlMs: weekMs });
    console.log(title);
  }
}
await shop.close();
