// The page in a real browser, on a real server: two tabs, two people.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromiumArguments, findChromium } from '@longwire/test-support/chromium';
import { ServerProcess } from '@longwire/test-support/server-process';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bubbles, openPage, say, signIn, talkTo } from './page-steps.js';

const found = await findChromium();
const screenshots = fileURLToPath(new URL('../test-results/', import.meta.url));

let server: ServerProcess;
let browser: Browser;

/** What the browser complained about: policy violations, exceptions, failed requests. */
const complaints: string[] = [];

const openTab = (context: BrowserContext): Promise<Page> => openPage(context, server.url, complaints);

describe.skipIf(found.path === undefined)('the page in Chromium', () => {
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    server = await ServerProcess.start({ LONGWIRE_PRESENCE_GRACE_MS: '500' });
    browser = await chromium.launch({ executablePath: found.path ?? '', args: chromiumArguments });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  }, 60_000);

  it('shows markup in a message as text, and lets two users chat, also after a reload (row 93)', {
    timeout: 60_000,
  }, async () => {
    const context = await browser.newContext();
    const alice = await openTab(context);
    const bob = await openTab(context);
    await signIn(alice, 'alice');
    await signIn(bob, 'bob');

    await talkTo(alice, 'bob');
    await say(alice, 'are you there? 你好');
    await alice.getByText('✓✓ delivered').waitFor();

    // Bob sees who wrote, and that it is unread, before he opens it.
    const entry = bob.locator('#conversations button', { hasText: 'alice' });
    await entry.locator('.unread', { hasText: '1' }).waitFor();
    await entry.click();
    await expect.poll(() => bubbles(bob)).toEqual(['are you there? 你好']);
    await alice.getByText('✓✓ read').waitFor();
    await expect.poll(() => bob.locator('.unread:visible').count()).toBe(0);

    await say(bob, '<img src=x onerror=alert(1)> & "quotes"');
    await expect.poll(() => bubbles(alice)).toEqual(['are you there? 你好', '<img src=x onerror=alert(1)> & "quotes"']);
    expect(await alice.locator('#messages img').count()).toBe(0);
    await alice.screenshot({ path: `${screenshots}page-alice.png` });
    await bob.screenshot({ path: `${screenshots}page-bob.png` });

    await alice.bringToFront();
    await alice.reload();
    await alice.locator('#connection[data-state="connected"]').waitFor();
    expect(await alice.locator('#who').textContent()).toBe('alice');
    await alice.locator('#conversations button', { hasText: 'bob' }).click();
    await expect.poll(() => bubbles(alice)).toHaveLength(2);
    await say(alice, 'back again');
    await expect.poll(() => bubbles(bob)).toHaveLength(3);
    await expect.poll(() => bubbles(alice)).toHaveLength(3);
    await context.close();
    expect(complaints).toEqual([]);
  });

  it('shows whether the other user is online and typing, once they have written', { timeout: 60_000 }, async () => {
    const context = await browser.newContext();
    const iris = await openTab(context);
    const jack = await openTab(context);
    await signIn(iris, 'iris');
    await signIn(jack, 'jack');
    await talkTo(iris, 'jack');
    await say(iris, 'hello');
    // Jack has not written to Iris: she sees nothing of him.
    await iris.getByText('✓✓ delivered').waitFor();
    expect(await iris.locator('#peer-state').textContent()).toBe('');
    await jack.bringToFront();
    await jack.locator('#conversations button', { hasText: 'iris' }).click();
    await jack.locator('#peer-state', { hasText: 'online' }).waitFor();
    await say(jack, 'hi');
    await iris.locator('#peer-state', { hasText: 'online' }).waitFor();
    await iris.locator('#conversations button[data-online="true"]', { hasText: 'jack' }).waitFor();
    await jack.locator('#composer-text').pressSequentially('wri');
    await iris.locator('#peer-state', { hasText: 'typing' }).waitFor();
    await jack.locator('#composer-text').fill('');
    await iris.locator('#peer-state', { hasText: 'online' }).waitFor();
    await jack.getByRole('button', { name: /Sign out/ }).click();
    await iris.locator('#peer-state', { hasText: 'last seen' }).waitFor();
    await iris.screenshot({ path: `${screenshots}page-presence.png` });
    await context.close();
    expect(complaints).toEqual([]);
  });

  it('reconnects after kill -9 of the server, with every message once and in order', { timeout: 60_000 }, async () => {
    const context = await browser.newContext();
    const carol = await openTab(context);
    const dave = await openTab(context);
    await signIn(carol, 'carol');
    await signIn(dave, 'dave');
    await talkTo(carol, 'dave');
    await talkTo(dave, 'carol');
    await say(carol, 'one');
    await expect.poll(() => bubbles(dave)).toEqual(['one']);
    await server.kill('SIGKILL');
    await carol.getByText(/No connection, reconnecting in/).waitFor();
    await say(carol, 'two');
    await carol.getByText('… sending').waitFor();
    await server.startAgain();
    await expect.poll(() => bubbles(dave), { timeout: 30_000 }).toEqual(['one', 'two']);
    await expect.poll(() => bubbles(carol)).toEqual(['one', 'two']);
    await context.close();
  });

  it('shows why a sign-in was refused, and asks again', { timeout: 60_000 }, async () => {
    const context = await browser.newContext();
    const page = await openTab(context);
    complaints.length = 0;
    const note = page.locator('#sign-in-note');
    await page.getByLabel('Name', { exact: false }).fill('not a name');
    await page.getByRole('button', { name: /Sign in/ }).click();
    await note.getByText(/A name must not contain spaces/).waitFor();
    await page.getByText(/Sign in with a token/).click();
    await page.getByLabel('Token', { exact: false }).fill('no token');
    await page.getByRole('button', { name: /Sign in/ }).click();
    await note.getByText(/refused this token/).waitFor();
    expect(complaints).toEqual([]);
    await page.screenshot({ path: `${screenshots}page-sign-in.png` });
    await signIn(page, 'erin');
    await page.getByRole('button', { name: /Sign out/ }).click();
    await page.reload();
    await page.getByRole('button', { name: /Sign in/ }).waitFor();
    await context.close();
  });

  it('shows the list or the conversation at a width of 340 pixels', { timeout: 60_000 }, async () => {
    const context = await browser.newContext({ viewport: { width: 340, height: 600 } });
    const gina = await openTab(context);
    const hugo = await openTab(context);
    await signIn(gina, 'gina');
    await signIn(hugo, 'hugo');
    await talkTo(hugo, 'gina');
    await say(hugo, 'one');
    await gina.bringToFront();
    await gina.locator('#conversations button', { hasText: 'hugo' }).click();
    await expect.poll(() => bubbles(gina)).toEqual(['one']);
    expect(await gina.locator('#side').isVisible()).toBe(false);
    expect((await gina.locator('#conversation').boundingBox())?.height).toBeGreaterThan(450);
    await gina.screenshot({ path: `${screenshots}page-small-conversation.png` });

    await gina.getByRole('button', { name: /Conversations/ }).click();
    expect(await gina.locator('#conversation').isVisible()).toBe(false);
    // What arrives now is not seen until the conversation is opened again.
    await say(hugo, 'two');
    await gina.bringToFront();
    const entry = gina.locator('#conversations button', { hasText: 'hugo' });
    await entry.locator('.unread', { hasText: '1' }).waitFor();
    await gina.screenshot({ path: `${screenshots}page-small-list.png` });
    await entry.click();
    await expect.poll(() => gina.locator('#conversations .unread:visible').count()).toBe(0);
    await expect.poll(() => hugo.getByText('✓✓ read').count()).toBe(2);
    expect(await gina.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(340);
    await context.close();
  });

  it('can be used with the keyboard alone, and every field and button has a name', { timeout: 60_000 }, async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
    const page = await openTab(context);
    // The name has the focus already.
    await page.keyboard.type('frank');
    await page.keyboard.press('Enter');
    await page.locator('#connection[data-state="connected"]').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('frank');
    await page.keyboard.press('Enter');
    await page.keyboard.type('a note to myself');
    await page.keyboard.press('Enter');
    await expect.poll(() => bubbles(page)).toEqual(['a note to myself']);
    const unnamed = await page.evaluate(
      () =>
        [...document.querySelectorAll('input, textarea, button')].filter((field) => {
          const label =
            field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement ? field.labels?.length : 1;
          return label === 0 || (field instanceof HTMLButtonElement && field.textContent?.trim() === '');
        }).length,
    );
    expect(unnamed).toBe(0);
    await page.screenshot({ path: `${screenshots}page-narrow.png` });
    await context.close();
  });
});
