// The program for direct messages as its users see it: two people in a browser, and a backend that calls it.
import { networkInterfaces } from 'node:os';
import { BrowserTabs, whyNoBrowser } from '@longwire/test-support/browser-tabs';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('2-direct', { environment: { HOST: '0.0.0.0' } });
});
afterAll(() => ExampleProcess.stopAll());

const lines = (page: Page) => page.locator('#messages li').allTextContents();

function sendByHttp(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${program.url}send`, { method: 'POST', body: JSON.stringify(body), headers });
}

describe.skipIf(whyNoBrowser)('the page in Chromium', () => {
  let tabs: BrowserTabs;
  beforeAll(async () => {
    tabs = await BrowserTabs.launch();
  });
  afterAll(() => tabs.close());

  async function openAs(user: string): Promise<Page> {
    const page = await tabs.open(program.url);
    await page.getByLabel('User id').fill(user);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('连接成功').waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.bringToFront();
    await page.getByLabel('Message').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }

  it('/myHandler/{userId} delivers @bob messages and POST /send, and the page shows the close', async () => {
    const alice = await openAs('alice');
    const bob = await openAs('bob');
    await say(alice, '@bob 你好 <b>bob</b>');
    await bob.getByText('收到消息：').waitFor();
    expect((await sendByHttp({ userId: 'bob', text: 'from the server' })).status).toBe(200);
    await say(alice, '@carol hello');
    await alice.getByText('carol is not online').waitFor();
    await expect
      .poll(() => lines(bob))
      .toEqual(['连接成功', '收到消息：alice: 你好 <b>bob</b>', '收到消息：from the server']);
    await tabs.picture(bob, 'example-direct');
    await bob.getByRole('button', { name: 'Disconnect' }).click();
    await expect.poll(async () => (await lines(bob)).at(-1)).toBe('连接关闭');
    expect(await lines(alice)).toEqual(['连接成功', '收到消息：carol is not online; nothing was sent.']);
    for (const page of [alice, bob]) await page.close();
  });

  it('refuses the user ids "", "." and ".." on the page, and keeps the connection', async () => {
    const page = await openAs('alice');
    const impossible = 'A user id cannot be blank, "." or "..".';
    for (const [index, user] of ['   ', '.', ' .. '].entries()) {
      await page.getByLabel('User id').fill(user);
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await expect.poll(() => lines(page)).toEqual(['连接成功', ...Array(index + 1).fill(impossible)]);
    }
    await say(page, '@alice still here');
    await page.getByText('收到消息：alice: still here').waitFor();
    await page.close();
  });

  it('a link with ?token= signs in its user from another machine, and no other user', async () => {
    const alice = await openAs('alice');
    await alice.bringToFront();
    await alice.getByRole('button', { name: 'Create a link' }).click();
    const link = (await alice.locator('#link a').getAttribute('href')) ?? '';
    expect(link).toContain('user=alice&token=');
    const elsewhere = await tabs.open(link);
    await elsewhere.getByText('连接成功').waitFor();
    const forged = await tabs.open(link.replace('user=alice', 'user=bob'));
    await forged.getByText('连接关闭').waitFor();
    expect(await lines(forged)).toEqual(['连接成功', '连接关闭', '4401 a signed link is required for this user']);
    for (const page of [alice, elsewhere, forged]) await page.close();
    expect(tabs.complaints).toEqual([]);
  });
});

describe('a user id in the URL', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((network) => network?.family === 'IPv4' && !network.internal)?.address;

  async function closeCodeOf(path: string, headers: Record<string, string> = {}, host = 'localhost'): Promise<number> {
    const url = program.webSocketUrl(path).replace('localhost', host);
    return (await (await WebSocketClient.connect(url, { headers })).closed).code;
  }

  it('is refused with 4401 behind a proxy, with another host name and with a forged token', async () => {
    const token = await (await fetch(`${program.url}token?user=alice`)).text();
    const proxied = { 'X-Forwarded-For': '203.0.113.9' };
    expect(await closeCodeOf('/myHandler/alice', proxied)).toBe(4401);
    expect(await closeCodeOf('/myHandler/alice', { Host: 'rebound.example' })).toBe(4401);
    expect(await closeCodeOf(`/myHandler/bob?token=${token}`)).toBe(4401);
    const genuine = await WebSocketClient.connect(program.webSocketUrl(`/myHandler/alice?token=${token}`), {
      headers: proxied,
    });
    genuine.send('who am I?');
    await genuine.first(1);
    await genuine.close();
  });

  it.skipIf(outside === undefined)(
    'is not on an address of the network either, nor may anybody send there',
    async () => {
      expect(await closeCodeOf('/myHandler/alice', {}, outside)).toBe(4401);
      const answer = await fetch(`${program.url.replace('localhost', outside ?? '')}send`, {
        method: 'POST',
        body: '{}',
      });
      expect(answer.status).toBe(403);
    },
  );

  it('POST /send from a page of another origin gets 403', async () => {
    const evil = { Origin: 'https://evil.example' };
    await expect(WebSocketClient.connect(program.webSocketUrl('/myHandler/alice'), { headers: evil })).rejects.toThrow(
      '403',
    );
    expect((await sendByHttp({ userId: 'alice', text: 'x' }, evil)).status).toBe(403);
  });
});

it('POST /send reaches every tab of a user, and gets 404 if there is none', async () => {
  const url = program.webSocketUrl('/myHandler/dora');
  const [first, second] = await Promise.all([WebSocketClient.connect(url), WebSocketClient.connect(url)]);
  expect(await (await sendByHttp({ userId: 'dora', text: 'hello' })).json()).toEqual({ reached: 2 });
  for (const tab of [first, second]) expect(await tab.first(1)).toEqual(['hello']);
  for (const tab of [first, second]) await tab.close();
  expect((await sendByHttp({ userId: 'dora', text: 'hello?' })).status).toBe(404);
});

it('POST /send with an unreadable body gets 400, and the server goes on', async () => {
  const answer = await fetch(`${program.url}send`, { method: 'POST', body: 'no JSON' });
  expect(answer.status).toBe(400);
  expect((await fetch(`${program.url}send`, { method: 'POST', body: JSON.stringify('x'.repeat(70_000)) })).status).toBe(
    400,
  );
  expect((await fetch(program.url)).status).toBe(200);
});
