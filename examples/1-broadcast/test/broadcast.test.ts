// The broadcast program as its users see it: two tabs in a real browser, and the log in the terminal.

import { BrowserTabs, whyNoBrowser } from '@longwire/test-support/browser-tabs';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('1-broadcast');
});
afterAll(() => ExampleProcess.stopAll());

const connect = (headers?: Record<string, string>) =>
  WebSocketClient.connect(program.webSocketUrl('/websocket'), { headers });

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

  const lines = (page: Page) => page.locator('#messages li').allTextContents();

  it('/websocket sends a message of one tab to every tab, and the log has each connect and disconnect', async () => {
    const alice = await tabs.open(program.url);
    const bob = await tabs.open(program.url);
    for (const page of [alice, bob]) await page.locator('#state[data-state="open"]').waitFor();
    const connected = await program.lines(/^Connected … ([0-9a-f]{32})$/, 2);
    await alice.bringToFront();
    await alice.getByLabel('Message').fill('hello <b>all</b>');
    await alice.getByRole('button', { name: 'Send' }).click();
    for (const page of [alice, bob]) await expect.poll(() => lines(page)).toEqual(['hello <b>all</b>']);
    await bob.bringToFront();
    await bob.getByLabel('Message').fill('你好');
    await bob.getByLabel('Message').press('Enter');
    for (const page of [alice, bob]) await expect.poll(() => lines(page)).toEqual(['hello <b>all</b>', '你好']);
    await tabs.picture(alice, 'example-broadcast');
    await bob.close();
    const [gone] = await program.lines(/^Disconnected … ([0-9a-f]{32})$/);
    expect(connected.map(([, id]) => id)).toContain(gone?.[1]);
    await alice.close();
    expect(tabs.complaints).toEqual([]);
  });
});

describe('faults of similar programs', () => {
  it('a receiver that is cut off during a broadcast does not affect the others', async () => {
    const [failing, listener, writer] = [await connect(), await connect(), await connect()];
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    for (const [index, text] of texts.entries()) {
      writer.send(text);
      if (index === 10) failing.socket.terminate();
    }
    for (const client of [listener, writer]) expect(await client.first(50)).toEqual(texts);
    for (const client of [listener, writer]) await client.close();
  });

  it('8 clients that send at the same time reach every client, with each message whole and in order', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect()));
    const wordsOf = (writer: number) =>
      Array.from({ length: 30 }, (_, index) => `${writer} says ${index} ${'x'.repeat(5_000)}`);
    for (let index = 0; index < 30; index++) {
      for (const [writer, client] of clients.entries()) client.send(wordsOf(writer)[index] ?? '');
    }
    for (const client of clients) {
      const received = await client.first(8 * 30);
      for (const writer of clients.keys()) {
        expect(received.filter((text) => text.startsWith(`${writer} `))).toEqual(wordsOf(writer));
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('a slow receiver is closed with 1008, and the others get every message', async () => {
    const [slow, listener, writer] = [await connect(), await connect(), await connect()];
    slow.socket.pause();
    // More than the kernel buffers for a client that does not read.
    const large = 'x'.repeat(256_000);
    for (let count = 1; count <= 60; count++) {
      writer.send(large);
      await listener.first(count);
    }
    slow.socket.resume();
    expect(await slow.closed).toMatchObject({ code: 1008, reason: 'too slow' });
    expect(slow.texts.length).toBeLessThan(60);
    for (const client of [listener, writer]) await client.close();
  });

  it('a page of another origin is refused with 403', async () => {
    await expect(connect({ Origin: 'https://evil.example' })).rejects.toThrow('403');
    await expect(connect({ Origin: 'null' })).rejects.toThrow('403');
    await (await connect({ Origin: new URL(program.url).origin })).close();
  });
});
