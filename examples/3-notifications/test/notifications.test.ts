// The notification program as its users see it, and with each fault that programs of this kind have had.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrowserTabs, whyNoBrowser } from '@longwire/test-support/browser-tabs';
import { ExampleProcess } from '@longwire/test-support/example-process';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let program: ExampleProcess;

beforeAll(async () => {
  program = await ExampleProcess.start('3-notifications');
});
afterAll(() => ExampleProcess.stopAll());

const signIn = (user: string, of = program) =>
  WebSocketClient.connect(of.webSocketUrl(`/notify?erp=${encodeURIComponent(user)}`));

async function post(path: string, body: object, headers: Record<string, string> = {}, to = program): Promise<number> {
  const response = await fetch(new URL(path, to.url), { method: 'POST', body: JSON.stringify(body), headers });
  return response.status;
}

const send = (to: string, text: string, by = program) => post('/send', { to, text }, {}, by);

/** Resolves when every user of the tests before is offline. */
async function untilAllAreOffline(): Promise<void> {
  await expect.poll(() => program.output.match(/^Online: \d+/gm)?.at(-1) ?? 'Online: 0').toBe('Online: 0');
}

/** What the mailbox has of a user on disk, without what has arrived. */
function waitingOnDisk(user: string, of = program): string[] {
  let waiting: { id: number; text: string }[] = [];
  for (const line of readFileSync(join(of.data, 'mailbox.jsonl'), 'utf8').trimEnd().split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line);
    if (entry.to !== user) continue;
    waiting = 'has' in entry ? waiting.filter(({ id }) => id > entry.has) : [...waiting, entry];
  }
  return waiting.map(({ text }) => text);
}

describe.skipIf(whyNoBrowser)('the page in Chromium', () => {
  let tabs: BrowserTabs;
  beforeAll(async () => {
    tabs = await BrowserTabs.launch();
  });
  afterAll(() => tabs.close());

  const notifications = (page: Page) => page.locator('#notifications li').allTextContents();

  async function comment(page: Page, text: string): Promise<void> {
    await page.getByLabel('Comment').fill(text);
    await page.getByRole('button', { name: 'Post' }).click();
    await page.locator('#comments li', { hasText: text }).waitFor();
  }

  it('a reply notifies the author at once, and after an absence when the author returns', async () => {
    const alice = await tabs.open(`${program.url}?erp=alice`);
    await alice.getByText('alice: 连接成功').waitFor();
    await comment(alice, 'first!');
    const bob = await tabs.open(program.url);
    await bob.getByLabel('User id').fill('bob');
    await bob.getByRole('button', { name: 'Sign in' }).click();
    await bob.getByText('bob: 连接成功').waitFor();
    await bob.getByRole('button', { name: 'Reply' }).click();
    await comment(bob, 'welcome <i>here</i>');
    await expect.poll(() => notifications(alice)).toEqual(['bob replied to “first!”: welcome <i>here</i>']);
    await tabs.picture(alice, 'example-notifications');

    await alice.close();
    await program.lines(/^Online: 1 \(alice left\)$/);
    for (const text of ['are you gone?', 'come back']) {
      await bob.bringToFront();
      await bob.getByRole('button', { name: 'Reply' }).first().click();
      await comment(bob, text);
    }
    const back = await tabs.open(`${program.url}?erp=alice`);
    await expect
      .poll(() => notifications(back))
      .toEqual([
        'While you were away: 2 notifications.',
        'bob replied to “first!”: are you gone?',
        'bob replied to “first!”: come back',
      ]);
    for (const page of [back, bob]) await page.close();
  });

  it('the older tab of a user is closed with 4001 and does not reconnect', async () => {
    const older = await tabs.open(`${program.url}?erp=fay`);
    await older.getByText('fay: 连接成功').waitFor();
    const newer = await tabs.open(`${program.url}?erp=fay`);
    await newer.getByText('fay: 连接成功').waitFor();
    await older.getByText('Disconnected (4001: signed in elsewhere).').waitFor();
    for (const page of [older, newer]) await page.close();
  });

  it('a link with ?token= signs in its user from another machine', async () => {
    const page = await tabs.open(`${program.url}?erp=gil`);
    await page.getByRole('button', { name: 'Create a link' }).click();
    const link = (await page.locator('#link a').getAttribute('href')) ?? '';
    const elsewhere = await tabs.open(link);
    await elsewhere.getByText('gil: 连接成功').waitFor();
    await comment(elsewhere, 'from elsewhere');
    // In the place of the other tab: the token proves this user only.
    await page.goto(link.replace('erp=gil', 'erp=hal'));
    await page.getByText('Disconnected (4401: a signed link is required for this user).').waitFor();
    for (const tab of [page, elsewhere]) await tab.close();
    expect(tabs.complaints).toEqual([]);
  });
});

it('/notify sends the welcome, the log counts users, and POST /send reaches one or all', async () => {
  await untilAllAreOffline();
  const [ann, ben] = await Promise.all([signIn('ann'), signIn('ben')]);
  for (const user of [ann, ben]) expect(await user.first(1)).toEqual(['连接成功']);
  await program.lines(/^Online: 2 \((?:ann|ben) joined\)$/);
  expect(await send('ann', 'for ann')).toBe(202);
  expect(await post('/send', { text: 'for all' })).toBe(202);
  expect(await ann.first(3)).toEqual(['连接成功', 'for ann', 'for all']);
  expect(await ben.first(2)).toEqual(['连接成功', 'for all']);
  await ann.close();
  await program.lines(/^Online: 1 \(ann left\)$/);
  await ben.close();
  await program.lines(/^Online: 0 \(ben left\)$/);
});

it('letters accepted with 202 survive kill -9 and are delivered once, in order', async () => {
  const first = await ExampleProcess.start('3-notifications');
  const texts = Array.from({ length: 120 }, (_, index) => `message ${index}`);
  for (const text of texts) expect(await send('ida', text, first)).toBe(202);
  await first.kill('SIGKILL');
  // And a line that was being written at that moment.
  appendFileSync(join(first.data, 'mailbox.jsonl'), '{"id":121,"to":"ida","te');

  const second = await ExampleProcess.start('3-notifications', { data: first.data });
  const ida = await signIn('ida', second);
  expect(await ida.first(122)).toEqual(['连接成功', 'While you were away: 120 notifications.', ...texts]);
  await expect.poll(() => waitingOnDisk('ida', second)).toEqual([]);
  await second.kill('SIGKILL');

  const third = await ExampleProcess.start('3-notifications', { data: first.data });
  const again = await signIn('ida', third);
  expect(await send('ida', 'new', third)).toBe(202);
  expect(await again.first(2)).toEqual(['连接成功', 'new']);
  await again.close();
  await third.stop();
  await first.stop();
});

it('POST /send gets 503 when the mailbox cannot be written, and a damaged mailbox prevents the start', async () => {
  const unwritable = await ExampleProcess.start('3-notifications');
  mkdirSync(join(unwritable.data, 'mailbox.jsonl.new'));
  const max = await signIn('max', unwritable);
  expect(await send('max', 'lost?', unwritable)).toBe(503);
  expect(await post('/send', { text: 'for all' }, {}, unwritable)).toBe(202);
  expect(await max.first(2)).toEqual(['连接成功', 'for all']);
  await unwritable.kill('SIGKILL');

  writeFileSync(join(unwritable.data, 'mailbox.jsonl'), '{"id":1,"to":"max","text":"one"}\n{"id":2,"to"\n');
  const damaged = await ExampleProcess.start('3-notifications', { data: unwritable.data, hasAddress: false });
  expect((await damaged.result).exit).toBe(1);
  expect(damaged.output).toContain('mailbox.jsonl is damaged at line 2');
  await damaged.stop();
  await unwritable.stop();
});

describe('faults of similar programs', () => {
  it('a letter is kept until the client has received it', async () => {
    const client = await signIn('jo');
    await client.first(1);
    // It reads nothing from here on, so nothing can arrive; then it is gone.
    client.socket.pause();
    for (const text of ['one', 'two', 'three']) await send('jo', text);
    expect(waitingOnDisk('jo')).toEqual(['one', 'two', 'three']);
    client.socket.terminate();
    await program.lines(/^Online: \d+ \(jo left\)$/);
    const back = await signIn('jo');
    expect(await back.first(5)).toEqual(['连接成功', 'While you were away: 3 notifications.', 'one', 'two', 'three']);
    await expect.poll(() => waitingOnDisk('jo')).toEqual([]);
    await back.close();
  });

  it('of 8 logins at the same time exactly one stays online, and the count is right', async () => {
    await untilAllAreOffline();
    const before = program.output.length;
    const logins = await Promise.all(Array.from({ length: 8 }, () => signIn('kim')));
    const kicked: number[] = [];
    for (const login of logins) void login.closed.then(({ code }) => kicked.push(code));
    await expect.poll(() => kicked).toEqual([4001, 4001, 4001, 4001, 4001, 4001, 4001]);
    const [left, ...others] = logins.filter(({ socket }) => socket.readyState === socket.OPEN);
    expect(others).toEqual([]);
    expect(await send('kim', 'still there?')).toBe(202);
    await expect.poll(() => left?.texts).toEqual(['连接成功', 'still there?']);
    await left?.close();
    await program.lines(/^Online: 0 \(kim left\)$/);
    const counts = [...program.output.slice(before).matchAll(/^Online: (\d+) \(kim (\w+)\)$/gm)].map((match) =>
      match.slice(1),
    );
    expect(counts).toEqual([...Array.from({ length: 8 }, () => ['1', 'joined']), ['0', 'left']]);
  });

  it('each of 40 concurrent handshakes gets its own user', async () => {
    const users = Array.from({ length: 40 }, (_, index) => `user ${index}`);
    const clients = await Promise.all(users.map((user) => signIn(user)));
    await Promise.all(users.map((user) => send(user, `for ${user}`)));
    for (const [index, client] of clients.entries()) {
      expect(await client.first(2)).toEqual(['连接成功', `for user ${index}`]);
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('a letter for an online user arrives without another event', async () => {
    const lea = await signIn('lea');
    await send('lea', 'now');
    expect(await lea.first(2)).toEqual(['连接成功', 'now']);
    await lea.close();
  });

  it('a forged user id is closed with 4401, and a missing one with 4400', async () => {
    const forged = await WebSocketClient.connect(program.webSocketUrl('/notify?erp=alice'), {
      headers: { 'X-Forwarded-For': '203.0.113.9' },
    });
    expect(await forged.closed).toMatchObject({ code: 4401, reason: 'a signed link is required for this user' });
    const nobody = await WebSocketClient.connect(program.webSocketUrl('/notify'));
    expect(await nobody.closed).toMatchObject({ code: 4400, reason: 'the user id is missing: /notify?erp=<id>' });
    expect(forged.texts).toEqual([]);
    const evil = { Origin: 'https://evil.example' };
    await expect(WebSocketClient.connect(program.webSocketUrl('/notify?erp=alice'), { headers: evil })).rejects.toThrow(
      '403',
    );
    expect(await post('/comments', { author: 'alice', text: 'x' }, { 'X-Forwarded-For': '203.0.113.9' })).toBe(401);
    expect(await post('/send', { to: 'alice', text: 'x' }, evil)).toBe(403);
  });
});
