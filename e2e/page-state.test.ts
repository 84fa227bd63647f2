// What the page keeps, and for which conversation: drafts, unread counts, the place in the list, the address.

import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { raisedRates } from '@longwire/test-support/raised-rates';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasNoBrowser, pageTimeoutMs, usePageBench } from './page-bench.js';
import { bubbles, listed, say, signIn, talkTo } from './page-steps.js';

const composer = (page: Page) => page.locator('#composer-text');
const entry = (page: Page, peer: string) => page.locator('#conversations button', { hasText: peer });
/** How far the messages are scrolled from their end, in pixels. */
const fromEnd = (page: Page) =>
  page.locator('#messages').evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);

describe.skipIf(hasNoBrowser)('the page in Chromium', { timeout: pageTimeoutMs }, () => {
  // One of the tests writes to more people than a user may in an hour.
  const bench = usePageBench({ ...raisedRates, LONGWIRE_DEV_ADMINS: 'crm' });
  const { openAs, clientOf } = bench;

  it('keeps a draft with its conversation: what was written to bob is not sent to carol (row 94)', async () => {
    const page = await openAs('ann');
    await talkTo(page, 'bob');
    await composer(page).fill('only for bob');
    await talkTo(page, 'carol');
    expect(await composer(page).inputValue()).toBe('');
    await composer(page).press('Enter');
    await say(page, 'hello carol');
    await expect.poll(() => bubbles(page)).toEqual(['hello carol']);
    await entry(page, 'bob').click();
    expect(await composer(page).inputValue()).toBe('only for bob');
    await composer(page).press('Enter');
    await expect.poll(() => bubbles(page)).toEqual(['only for bob']);
  });

  it('does not send at the Enter with keyCode 229 that follows compositionend in Safari', async () => {
    const page = await openAs('ime');
    await talkTo(page, 'bob');
    await composer(page).fill('ni hao');
    const isPrevented = await composer(page).evaluate((field) => {
      field.dispatchEvent(new CompositionEvent('compositionend', { data: '你好' }));
      const enter = { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true };
      return !field.dispatchEvent(new KeyboardEvent('keydown', enter));
    });
    expect([isPrevented, await composer(page).inputValue()]).toEqual([false, 'ni hao']);
    await composer(page).press('Enter');
    await expect.poll(() => bubbles(page)).toEqual(['ni hao']);
  });

  it('scrolls to the own message that is sent while the reader has scrolled up, but not to one of the other', async () => {
    const bob = clientOf('bob');
    for (let at = 0; at < 40; at += 1) await bob.user('sue').send({ text: `line ${at}` });
    const page = await openAs('sue');
    await entry(page, 'bob').click();
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('line 39');
    await page.locator('#messages').evaluate((list) => list.scrollTo(0, 0));
    await bob.user('sue').send({ text: 'from bob' });
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('from bob');
    expect(await fromEnd(page)).toBeGreaterThan(100);
    await say(page, 'mine');
    await expect.poll(async () => (await bubbles(page)).at(-1)).toBe('mine');
    await expect.poll(() => fromEnd(page)).toBeLessThan(2);
  });

  it('shows the unread count in the title', async () => {
    const page = await openAs('tim');
    const bob = clientOf('bob');
    await bob.user('tim').send({ text: 'one' });
    await bob.user('tim').send({ text: 'two' });
    await expect.poll(() => page.title()).toBe('(2) tim · Longwire');
    await entry(page, 'bob').click();
    await expect.poll(() => page.title()).toBe('tim · Longwire');
  });

  it('finds the open conversation again after a reload, and by Back and Forward', async () => {
    const page = await openAs('nav');
    const peer = page.locator('#peer');
    await talkTo(page, 'bob');
    await say(page, 'to bob');
    await talkTo(page, '张三');
    await say(page, 'to 张三');
    await page.reload();
    await expect.poll(() => peer.textContent()).toBe('张三');
    await expect.poll(() => bubbles(page)).toEqual(['to 张三']);
    await page.goBack();
    await expect.poll(() => peer.textContent()).toBe('bob');
    await expect.poll(() => bubbles(page)).toEqual(['to bob']);
    await page.goBack();
    await page.getByText('Choose a conversation').waitFor();
    expect(await composer(page).isVisible()).toBe(false);
    await page.goForward();
    await expect.poll(() => peer.textContent()).toBe('bob');
  });

  it('shows a conversation as read in the tab that did not read it', async () => {
    const [first, second] = [await openAs('twin'), await openAs('twin')];
    await clientOf('bob').user('twin').send({ text: 'hi' });
    for (const page of [first, second]) await entry(page, 'bob').locator('.unread', { hasText: '1' }).waitFor();
    await first.bringToFront();
    await entry(first, 'bob').click();
    await entry(second, 'bob').locator('.unread').waitFor({ state: 'hidden' });
    await expect.poll(() => second.title()).toBe('twin · Longwire');
  });

  it('adds one node for one new message, and keeps the selection', async () => {
    const bob = clientOf('bob');
    for (let at = 0; at < 5; at += 1) await bob.user('sel').send({ text: `line ${at}` });
    const page = await openAs('sel');
    await entry(page, 'bob').click();
    await expect.poll(() => bubbles(page)).toHaveLength(5);
    await page.locator('#messages').evaluate((list) => {
      const changes = { added: 0, removed: 0 };
      Object.assign(window, { changes });
      new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records) {
          changes.added += addedNodes.length;
          changes.removed += removedNodes.length;
        }
      }).observe(list, { childList: true });
      getSelection()?.selectAllChildren(list.querySelector('.bubble')!);
    });
    await bob.user('sel').send({ text: 'new' });
    await expect.poll(() => bubbles(page)).toHaveLength(6);
    const after = await page.evaluate(() => ({
      changes: (window as unknown as { changes: object }).changes,
      selected: String(getSelection()),
      live: document.querySelector('#messages')?.getAttribute('aria-live'),
    }));
    expect(after).toEqual({ changes: { added: 1, removed: 0 }, selected: 'line 0', live: 'polite' });
    // An own message keeps its node when it is stored.
    await say(page, 'mine');
    await page.getByText(/✓/).first().waitFor();
    const changes = await page.evaluate(() => (window as unknown as { changes: object }).changes);
    expect(changes).toEqual({ added: 2, removed: 0 });
  });

  it('reaches every one of 250 conversations', async () => {
    const ivy = clientOf('ivy');
    const peers = Array.from({ length: 250 }, (_, at) => `peer-${at}`);
    await Promise.all(peers.map((peer) => ivy.user(peer).send({ text: 'hi' })));
    const page = await openAs('ivy');
    const further = page.getByRole('button', { name: /More conversations/ });
    await expect
      .poll(
        async () => {
          if (await further.isVisible()) await further.click();
          return new Set(await listed(page)).size;
        },
        { timeout: 30_000 },
      )
      .toBe(250);
    expect(await listed(page)).toHaveLength(250);
    await further.waitFor({ state: 'hidden' });
  });

  it('shows a message of bytes as bytes after a reload, not as retracted', async () => {
    await clientOf('bob')
      .user('raw')
      .send(new Uint8Array([1, 2, 3, 4]));
    const page = await openAs('raw');
    await page.reload();
    await page.locator('#connection[data-state="connected"]').waitFor();
    await expect.poll(() => entry(page, 'bob').locator('.preview').textContent()).toBe('[4 bytes 字节]');
    await entry(page, 'bob').click();
    await expect.poll(() => bubbles(page)).toEqual(['[4 bytes 字节]']);
  });

  it('shows a long message in the list as one, not as retracted', async () => {
    await clientOf('bob')
      .user('long')
      .send({ text: 'x'.repeat(2_000) });
    const page = await openAs('long');
    await page.reload();
    await expect.poll(() => entry(page, 'bob').locator('.preview').textContent()).toBe('[long message 长消息]');
  });

  it('shows the number 12345678901234567890 of a JSON body as it was sent', async () => {
    await clientOf('bob').user('num').sendJson('{"id":12345678901234567890}');
    const page = await openAs('num');
    await entry(page, 'bob').click();
    await expect.poll(() => bubbles(page)).toEqual(['{"id":12345678901234567890}']);
  });

  it('lists notifications and announcements beside the conversations, without a field to write in, also after a reload', async () => {
    const crm = clientOf('crm');
    const page = await openAs('nora');
    await crm.notify('nora', { title: 'Paid', text: '9 €' });
    await crm.announce({ title: 'Tonight' });
    await expect.poll(() => listed(page)).toEqual(['Announcements 公告', 'Notifications 通知']);
    await expect.poll(() => page.title()).toBe('(2) nora · Longwire');
    await entry(page, 'Notifications').click();
    await expect.poll(() => bubbles(page)).toEqual(['Paid: 9 €']);
    await expect.poll(() => page.title()).toBe('(1) nora · Longwire');
    expect(await composer(page).isVisible()).toBe(false);
    await page.reload();
    await expect.poll(() => bubbles(page)).toEqual(['Paid: 9 €']);
    expect(await page.locator('#peer').textContent()).toBe('Notifications 通知');
  });

  it('connects below the path of a proxy (/chat/), not at the root', async () => {
    await using proxy = await proxyBelow('/chat', bench.port);
    const page = await bench.open(`http://127.0.0.1:${proxy.port}/chat/`);
    await signIn(page, 'pat');
    await talkTo(page, 'pat');
    await say(page, 'through the proxy');
    await expect.poll(() => bubbles(page)).toEqual(['through the proxy']);
  });
});

/** A proxy that serves the server below a path, and nothing else. It keeps the `Host` of the request. */
async function proxyBelow(prefix: string, serverPort: number) {
  const pathOf = ({ url = '' }: IncomingMessage) =>
    url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : undefined;
  const proxy = createServer((incoming, response) => {
    const path = pathOf(incoming);
    if (path === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const outgoing = request({ host: '127.0.0.1', port: serverPort, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(outgoing);
  });
  proxy.on('upgrade', (incoming, socket, head) => {
    const path = pathOf(incoming);
    if (path === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    const headers = incoming.rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    const upstream = connectSocket(serverPort, '127.0.0.1', () => {
      upstream.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => void [upstream, socket].map((each) => each.destroy()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
