// Live quotes as their readers see them: a page that draws, and clients that read slowly.

import { BrowserTabs, whyNoBrowser } from '@longwire/test-support/browser-tabs';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('6-live-quotes', { environment: { QUOTES_EVERY_MS: '10' } });
});
afterAll(() => ExampleProcess.stopAll());

interface Quote {
  readonly symbol: string;
  readonly price: number;
  readonly move: number;
}

const connect = () => WebSocketClient.connect(program.webSocketUrl('/quotes'));

/** The batches of quotes that a client has got. */
function batchesOf(client: WebSocketClient): Quote[][] {
  return client.texts
    .map((text) => JSON.parse(text).quotes as Quote[] | undefined)
    .filter((quotes) => quotes !== undefined);
}

const lastMoveOf = (client: WebSocketClient) => batchesOf(client).at(-1)?.at(-1)?.move ?? 0;

it('GET /?query serves the page', async () => {
  for (const address of [program.url, `${program.url}?x=1`]) expect((await fetch(address)).status).toBe(200);
  expect((await fetch(`${program.url}nowhere?x=/`)).status).toBe(404);
});

describe.skipIf(whyNoBrowser)('the page in Chromium', () => {
  let tabs: BrowserTabs;
  beforeAll(async () => {
    tabs = await BrowserTabs.launch();
  });
  afterAll(() => tabs.close());

  const drawn = (page: Page, symbol: string) =>
    page.locator(`#chart-${symbol}`).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const price = (page: Page, symbol: string) => page.locator(`#price-${symbol}`).textContent();

  it('draws the selected symbols only', async () => {
    const page = await tabs.open(program.url);
    await page.locator('#state[data-state="open"]').waitFor();
    await expect.poll(() => price(page, 'WIRE')).toMatch(/^\d+\.\d\d$/);
    const before = await drawn(page, 'WIRE');
    await expect.poll(() => drawn(page, 'WIRE')).not.toBe(before);
    expect(await price(page, 'QUAY')).toBe('–');
    const empty = await drawn(page, 'QUAY');

    await page.getByLabel('QUAY').check();
    await expect.poll(() => price(page, 'QUAY')).toMatch(/^\d+\.\d\d$/);
    await expect.poll(() => drawn(page, 'QUAY')).not.toBe(empty);
    await page.getByLabel('WIRE').uncheck();
    const [frozen, moving] = [await price(page, 'WIRE'), await price(page, 'QUAY')];
    await expect.poll(() => price(page, 'QUAY')).not.toBe(moving);
    expect(await price(page, 'WIRE')).toBe(frozen);
    await tabs.picture(page, 'example-live-quotes');
    await page.close();
    expect(tabs.complaints).toEqual([]);
  });
});

it('/quotes lists its symbols, and sends only subscribed ones, each newer than the last, until unsubscribe', async () => {
  const client = await connect();
  const [first = ''] = await client.first(1);
  expect(JSON.parse(first).symbols).toContain('WIRE');
  client.send(JSON.stringify({ subscribe: ['WIRE', 'LARK'] }));
  await client.first(20);
  const quotes = batchesOf(client).flat();
  expect(new Set(quotes.map(({ symbol }) => symbol))).toEqual(new Set(['WIRE', 'LARK']));
  const moves = quotes.filter(({ symbol }) => symbol === 'WIRE').map(({ move }) => move);
  expect(moves).toEqual([...new Set(moves)].sort((left, right) => left - right));

  client.send(JSON.stringify({ unsubscribe: ['WIRE'] }));
  await expect
    .poll(() =>
      batchesOf(client)
        .at(-1)
        ?.map(({ symbol }) => symbol),
    )
    .toEqual(['LARK']);
  await client.close();
});

it('answers unknown_symbol and invalid_message, and the session stays open', async () => {
  const client = await connect();
  for (const nonsense of ['no JSON', '7', '{"subscribe":"WIRE"}']) client.send(nonsense);
  await client.first(4);
  expect(client.texts.slice(1).map((text) => JSON.parse(text).error)).toEqual([
    'invalid_message',
    'invalid_message',
    'invalid_message',
  ]);
  client.send(JSON.stringify({ subscribe: ['NONE', 'LOOP'] }));
  await expect.poll(() => client.texts).toContain(JSON.stringify({ error: 'unknown_symbol', symbol: 'NONE' }));
  await expect.poll(() => batchesOf(client).length).toBeGreaterThan(2);
  await client.close();
});

it('a slow reader gets the newest quotes and skips the old ones', async () => {
  const [slow, fast] = [await connect(), await connect()];
  for (const client of [slow, fast]) client.send(JSON.stringify({ subscribe: ['WIRE', 'FERRY'] }));
  await expect.poll(() => batchesOf(slow).length).toBeGreaterThan(2);
  slow.socket.pause();
  const [seen, stopped] = [batchesOf(slow).length, lastMoveOf(fast)];
  await expect.poll(() => lastMoveOf(fast), { interval: 5, timeout: 60_000 }).toBeGreaterThan(stopped + 60);
  expect(batchesOf(slow).length).toBe(seen);

  const resumedAt = lastMoveOf(fast);
  slow.socket.resume();
  await expect.poll(() => batchesOf(slow).length, { interval: 5 }).toBeGreaterThan(seen + 1);
  // At most one message was in flight, or only its ping. The first one sent since then has the newest of both.
  const batches = batchesOf(slow).slice(seen);
  const isNewest = (batch: (typeof batches)[number]) => batch.every(({ move }) => move >= resumedAt);
  const first = batches.findIndex(isNewest);
  expect([0, 1]).toContain(first);
  expect(batches[first]?.map(({ symbol }) => symbol).sort()).toEqual(['FERRY', 'WIRE']);
  for (const client of [slow, fast]) await client.close();
});

it('a page of another origin is refused with 403', async () => {
  const evil = { Origin: 'https://evil.example' };
  await expect(WebSocketClient.connect(program.webSocketUrl('/quotes'), { headers: evil })).rejects.toThrow('403');
});
