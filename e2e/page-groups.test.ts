// Groups and blocks in the page, in a real browser on a real server.

import { connect } from '@longwire/client';
import { ServerProcess } from '@longwire/test-support/server-process';
import { signedToken } from '@longwire/test-support/signed-token';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasNoBrowser, pageTimeoutMs, screenshots, usePageBench } from './page-bench.js';
import { bubbles, listed, say } from './page-steps.js';

const entry = (page: Page, name: string) => page.locator('#conversations button', { hasText: name });
const changes = (page: Page) => page.locator('#messages .note-line').allTextContents();
const members = (page: Page) => page.locator('#group-members .name').allTextContents();
/** The state below the title: who types, or how many members there are. */
const state = (page: Page, text: string) => page.locator('#peer-state', { hasText: text });
const note = (page: Page, id: string, text: string) => page.locator(`#${id}-note`, { hasText: text });

async function press(page: Page, selector: string): Promise<void> {
  await page.bringToFront();
  await page.locator(selector).click();
}

async function createGroup(page: Page, title: string, users: string, joining = 'closed'): Promise<string> {
  await press(page, '#open-new-group');
  await page.locator('#new-group-title').fill(title);
  await page.locator('#new-group-users').fill(users);
  await page.locator('#new-group-joining').selectOption(joining);
  await page.locator('#new-group-form button').click();
  await page.locator('#peer', { hasText: title }).waitFor();
  return decodeURIComponent(new URL(page.url()).hash).slice('#/group/'.length);
}

describe.skipIf(hasNoBrowser)('groups and blocks in the page in Chromium', { timeout: pageTimeoutMs }, () => {
  const bench = usePageBench();
  const { clientOf } = bench;

  async function openAs(name: string, width = 1000): Promise<Page> {
    const page = await bench.openAs(name);
    await page.setViewportSize({ width, height: 700 });
    // What asks whether the user is sure.
    page.on('dialog', (dialog) => dialog.accept());
    return page;
  }

  it('creates a group, whose members write, see who types, what is unread, and each change in words', async () => {
    await clientOf('bob').user('ada').send({ text: 'hi' });
    const ada = await openAs('ada');
    await createGroup(ada, 'Engineering', 'bob');
    await state(ada, '2 members').waitFor();
    const bob = await openAs('bob', 375);
    await say(ada, 'hello group');
    await entry(bob, 'Engineering').locator('.unread', { hasText: '1' }).waitFor();
    await bob.bringToFront();
    await entry(bob, 'Engineering').click();
    await expect.poll(() => bubbles(bob)).toEqual(['hello group']);
    expect((await changes(bob))[0]).toContain('ada created the group 创建了群组: “Engineering”');
    await bob.locator('#composer-text').pressSequentially('wri');
    await state(ada, 'bob: typing').waitFor();
    await say(bob, 'hello ada');
    await expect.poll(() => bubbles(ada)).toEqual(['hello group', 'hello ada']);
    await state(ada, '2 members').waitFor();
    await clientOf('cleo').user('ada').send({ text: 'hi' });
    await press(ada, '#open-group');
    await expect.poll(() => members(ada)).toEqual(['ada (you 您)', 'bob']);
    await ada.locator('#group-add-users').fill('zed');
    await ada.locator('#group-add-form button').click();
    await note(ada, 'group', 'Invited 已邀请: zed').waitFor();
    await ada.locator('#group-add-users').fill('cleo');
    await ada.locator('#group-add-form button').click();
    await expect.poll(() => members(ada)).toEqual(['ada (you 您)', 'bob', 'cleo']);
    await ada.screenshot({ path: `${screenshots}page-group-members.png` });
    await ada.getByLabel('Role of bob').selectOption('admin');
    await expect.poll(() => changes(bob)).toContain('ada made bob admin 管理员');
    await press(bob, '#open-group');
    await bob.getByLabel('Remove cleo').click();
    await expect.poll(() => changes(bob)).toContain('bob removed cleo 移除了成员');
    await bob.screenshot({ path: `${screenshots}page-group-small-members.png` });
    await bob.locator('#group-close').click();
    expect(await bob.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
    await bob.screenshot({ path: `${screenshots}page-group-small.png` });
    await ada.bringToFront();
    await ada.locator('#group-leave').click();
    await note(ada, 'group', 'You are the last owner').waitFor();
    await ada.locator('#group-delete').click();
    await ada.locator('#group').waitFor({ state: 'hidden' });
    await bob.getByText('You are not a member of this group').waitFor();
    expect(await bob.locator('#composer').isVisible()).toBe(false);
    expect((await changes(bob)).at(-1)).toBe('ada deleted the group 解散了群组');
    await ada.screenshot({ path: `${screenshots}page-group.png` });
  });

  it('joins an open group by its id, follows its settings, and leaves it', async () => {
    const eve = await openAs('eve');
    const id = await createGroup(eve, 'Lobby', '', 'open');
    const finn = await openAs('finn', 375);
    await press(finn, '#open-new-group');
    await finn.locator('#join-group-id').fill('nothing');
    await finn.locator('#join-group-form button').click();
    await note(finn, 'new-group', 'There is no such group, or it is not open').waitFor();
    await finn.screenshot({ path: `${screenshots}page-group-small-new.png` });
    await finn.locator('#join-group-id').fill(`group/${id}`);
    await finn.locator('#join-group-form button').click();
    await finn.locator('#peer', { hasText: 'Lobby' }).waitFor();
    await say(finn, 'I am in');
    await expect.poll(() => bubbles(eve)).toEqual(['I am in']);
    await press(eve, '#open-group');
    await eve.locator('#group-title').fill('News');
    await eve.locator('#group-posting').selectOption('admins');
    await eve.locator('#group-settings-form button').click();
    await finn.locator('#read-only', { hasText: 'Only admins write here' }).waitFor();
    await finn.locator('#peer', { hasText: 'News' }).waitFor();
    expect(await finn.locator('#composer').isVisible()).toBe(false);
    expect((await changes(finn)).at(-1)).toContain('“News”; only admins write');
    await eve.screenshot({ path: `${screenshots}page-group-settings.png` });
    await finn.bringToFront();
    await finn.reload();
    await finn.locator('#peer', { hasText: 'News' }).waitFor();
    await finn.locator('#read-only', { hasText: 'Only admins write here' }).waitFor();
    await finn.locator('#open-group').click();
    await expect.poll(() => members(finn)).toEqual(['eve', 'finn (you 您)']);
    expect(await finn.locator('#group-settings-form').isVisible()).toBe(false);
    await finn.locator('#group-leave').click();
    await finn.locator('#read-only', { hasText: 'You are not a member' }).waitFor();
    await expect.poll(async () => (await changes(eve)).at(-1)).toBe('finn left 离开了群组');
    await eve.locator('#group-close').click();
    await state(eve, '1 member').waitFor();
  });

  it('shows invitations, accepts them, and lets an admin accept who asks to join', async () => {
    const ira = await openAs('ira');
    const jon = await openAs('jon', 375);
    const id = await createGroup(ira, 'Chess', 'jon', 'request');
    await jon.locator('#invitation-count', { hasText: '1' }).waitFor();
    await press(jon, '#open-new-group');
    await expect.poll(() => jon.locator('#invitations .name').allTextContents()).toEqual(['Chess · ira']);
    await jon.screenshot({ path: `${screenshots}page-group-small-invitation.png` });
    await jon.getByRole('button', { name: 'Accept' }).click();
    await jon.locator('#peer', { hasText: 'Chess' }).waitFor();
    await jon.locator('#invitation-count').waitFor({ state: 'hidden' });
    const kit = await openAs('kit');
    await press(kit, '#open-new-group');
    await kit.locator('#join-group-id').fill(id);
    await kit.locator('#join-group-form button').click();
    await note(kit, 'new-group', 'You have asked to join').waitFor();
    await press(ira, '#open-group');
    await ira
      .locator('#group-pending', { hasText: 'kit: asks to join' })
      .getByRole('button', { name: 'Accept' })
      .click();
    await expect.poll(() => members(ira)).toEqual(['ira (you 您)', 'jon', 'kit']);
    await ira.screenshot({ path: `${screenshots}page-group-accepted.png` });
    await entry(kit, 'Chess').waitFor();
  });

  it('shows the names of users from their tokens with their ids', async () => {
    const secret = 'a secret of this test, 0123456789';
    const server = await ServerProcess.start({ LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret });
    const tokenOf = (sub: string, name: string) => {
      const seconds = Math.floor(Date.now() / 1_000);
      return signedToken(secret, { sub, name, iat: seconds, exp: seconds + 600 });
    };
    const bob = connect({ url: server.url, device: 'test', getToken: () => tokenOf('u2', 'Bob Builder') });
    await bob.user('u1').send({ text: 'hi' });
    const page = await bench.open(server.url);
    await page.getByText(/Sign in with a token/).click();
    await page.getByLabel('Token', { exact: false }).fill(tokenOf('u1', 'Ada'));
    await page.getByRole('button', { name: /Sign in/ }).click();
    await entry(page, 'Bob Builder (u2)').waitFor();
    const id = await createGroup(page, 'Builders', 'u2');
    await bob.group(id).send({ text: 'hello' });
    await page.locator('#messages .meta', { hasText: 'Bob Builder (u2)' }).waitFor();
    bob.group(id).typing();
    await state(page, 'Bob Builder (u2): typing').waitFor();
    await page.locator('#open-group').click();
    await expect.poll(() => members(page)).toEqual(['Ada (u1) (you 您)', 'Bob Builder (u2)']);
    await page.screenshot({ path: `${screenshots}page-group-names.png` });
    await page.close();
    await bob.close();
    await server.remove();
  });

  it('shows a group in which the user is not as such', async () => {
    const gus = await openAs('gus');
    await gus.getByLabel(/Talk to/).fill('group/secret');
    await gus.getByRole('button', { name: /Open/ }).click();
    await gus.getByText('You are not a member of this group').waitFor();
  });

  it('blocks the user of a conversation, says so where a message is refused, and lists and ends blocks', async () => {
    const mallory = clientOf('mallory');
    await mallory.user('hana').send({ text: 'hi' });
    const hana = await openAs('hana');
    await entry(hana, 'mallory').click();
    await hana.locator('#block').click();
    await state(hana, 'blocked').waitFor();
    await expect(mallory.user('hana').send({ text: 'again' })).rejects.toMatchObject({ code: 'blocked' });
    await say(hana, 'refused');
    await hana.getByText('not sent 未发送: One of you has blocked the other').waitFor();
    await hana.locator('#open-blocked').click();
    await expect.poll(() => hana.locator('#blocked-users .name').allTextContents()).toEqual(['mallory']);
    await hana.screenshot({ path: `${screenshots}page-blocked.png` });
    await hana.getByLabel('Unblock mallory').click();
    await hana.getByText('You block no user').waitFor();
    await hana.locator('#blocked-close').click();
    await mallory.user('hana').send({ text: 'again' });
    await expect.poll(() => bubbles(hana)).toEqual(['hi', 'again', 'refused']);
    expect(await listed(hana)).toEqual(['mallory']);
  });
});
