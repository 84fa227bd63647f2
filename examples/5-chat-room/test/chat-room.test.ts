// The chat room as its guests see it, in both of its forms.

import { BrowserTabs, whyNoBrowser } from '@longwire/test-support/browser-tabs';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('5-chat-room');
});
afterAll(() => ExampleProcess.stopAll());

it('prints the endpoints that the scan has found', async () => {
  await program.lines(/^GET \/websocket\/chat\b.*AnnotatedRoom/);
  await program.lines(/^GET \/websocket\/chat2\b.*ProgrammaticRoom/);
});

describe.each(['/websocket/chat', '/websocket/chat2'])('%s', (path) => {
  it('numbers its guests, sends joins, messages and leaves to all, and escapes HTML', async () => {
    const first = await WebSocketClient.connect(program.webSocketUrl(path));
    expect(await first.first(1)).toEqual(['* Guest0 has joined.']);
    const second = await WebSocketClient.connect(program.webSocketUrl(path));
    expect(await second.first(1)).toEqual(['* Guest1 has joined.']);
    first.send('<script>alert("you & me")</script>');
    const filtered = 'Guest0: &lt;script&gt;alert(&quot;you &amp; me&quot;)&lt;/script&gt;';
    expect(await second.first(2)).toEqual(['* Guest1 has joined.', filtered]);
    await second.close();
    expect(await first.first(4)).toEqual([
      '* Guest0 has joined.',
      '* Guest1 has joined.',
      filtered,
      '* Guest1 has disconnected.',
    ]);
    await first.close();
  });

  it('gives each guest a number of its own, and refuses a page of another origin with 403', async () => {
    const third = await WebSocketClient.connect(program.webSocketUrl(path));
    expect(await third.first(1)).toEqual(['* Guest2 has joined.']);
    await third.close();
    const evil = { Origin: 'https://evil.example' };
    await expect(WebSocketClient.connect(program.webSocketUrl(path), { headers: evil })).rejects.toThrow('403');
  });
});

describe.skipIf(whyNoBrowser)('the page in Chromium', () => {
  let tabs: BrowserTabs;
  beforeAll(async () => {
    tabs = await BrowserTabs.launch();
  });
  afterAll(() => tabs.close());

  const lines = (page: Page) => page.locator('#console p').allTextContents();

  it.each(['', '?room=chat2'])(
    'sends with Enter, and shows what others wrote as they wrote it (/%s)',
    async (query) => {
      const alice = await tabs.open(program.url + query);
      await alice.getByText('* Guest3 has joined.').waitFor();
      const bob = await tabs.open(program.url + query);
      await bob.getByText('* Guest4 has joined.').waitFor();
      await alice.bringToFront();
      await alice.getByLabel('Message').fill('<img src=x onerror="document.title=1"> & 你好');
      await alice.getByLabel('Message').press('Enter');
      await expect
        .poll(async () => (await lines(bob)).at(-1))
        .toBe('Guest3: <img src=x onerror="document.title=1"> & 你好');
      expect(await bob.title()).toBe('Chat room · Longwire');
      await bob.bringToFront();
      await bob.getByLabel('Message').fill('hi');
      await bob.getByLabel('Message').press('Enter');
      await alice.getByText('Guest4: hi').waitFor();
      await bob.close();
      await alice.getByText('* Guest4 has disconnected.').waitFor();
      expect(await alice.getByLabel('Message').inputValue()).toBe('');
      await tabs.picture(alice, 'example-chat-room');
      await alice.close();
    },
  );

  it('shows an error in a browser without WebSocket', async () => {
    const page = await tabs.open(program.url, () => {
      Reflect.deleteProperty(globalThis, 'WebSocket');
    });
    expect(await lines(page)).toEqual(['Error: WebSocket is not supported by this browser.']);
    await page.close();
    expect(tabs.complaints).toEqual([]);
  });
});
