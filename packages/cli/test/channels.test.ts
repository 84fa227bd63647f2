// Groups, pages of a channel and the list of channels with the built command against a real server process.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, linesOf } from './cli-home.js';

// Every step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;

const start = (...call: Parameters<CliHome['start']>) => home.start(...call);
const run = (...call: Parameters<CliHome['run']>) => home.run(...call);

beforeAll(async () => {
  home = await CliHome.open();
});

afterAll(() => home.close());

describe('longwire group, history and conversations', () => {
  it('group create, add, remove and members change a group, whose entries tail prints in order', async () => {
    for (const user of ['gus', 'guy']) await run(['send', '--as', user, 'user/gia', 'hi']);
    const tail = start(['tail', '--as', 'gus']);
    const group = (...args: string[]) => run(['group', args[0]!, '--as', 'gia', ...args.slice(1)]);
    expect(await group('create', 'eng', 'gus', '--title', 'Engineering')).toMatchObject({ exit: 0, stdout: 'eng\n' });
    const added = await group('add', 'group/eng', 'guy', '--json');
    expect(JSON.parse(added.stdout)).toEqual({ group: 'eng', added: ['guy'], invited: [] });
    expect((await run(['send', '--as', 'guy', 'group/eng', 'hello'])).stdout).toBe('3\n');
    expect((await group('members', 'eng')).stdout).toBe('gia: owner\ngus: member\nguy: member\n');
    const chat = start(['chat', '--as', 'gia', '--to', 'group/eng']);
    await chat.shows(/^\* group\/eng: gia added guy$/m);
    await chat.shows(/^guy in group\/eng: hello$/m);
    chat.write('/who\n');
    await chat.shows(/\(3 members: gia, gus, guy\)/);
    chat.write('from chat\n/exit\n');
    expect(await chat.result).toMatchObject({ exit: 0, stderr: '' });
    expect((await group('remove', 'eng', 'gus')).exit).toBe(0);
    await tail.shows(/"removed"/);
    tail.child.kill('SIGTERM');
    const lines = linesOf((await tail.result).stdout).filter(({ channel }) => channel === 'group/eng');
    expect(lines).toMatchObject([
      { type: 'group', offset: 1, from: 'gia', settings: { title: 'Engineering' } },
      { type: 'member', offset: 2, change: 'added', users: ['guy'] },
      { type: 'message', offset: 3, from: 'guy', body: { text: 'hello' } },
      { type: 'message', offset: 4, from: 'gia', body: { text: 'from chat' } },
      { type: 'member', offset: 5, change: 'removed', users: ['gus'] },
    ]);
    expect(await group('update', 'eng')).toMatchObject({ exit: 2 });
    const chatOfGwen = start(['chat', '--as', 'gwen']);
    await chatOfGwen.shows(/You are gwen/);
    expect(await group('add', 'eng', 'gwen')).toMatchObject({ exit: 0, stdout: 'invited: gwen\n' });
    await chatOfGwen.shows(/^\* gia invites you to group\/eng \(Engineering\): longwire group accept eng$/m);
    chatOfGwen.end();
    await chatOfGwen.result;
    const receipts = await group('receipts', 'eng', '4');
    expect(receipts.stdout).toMatch(/^(guy: (delivered|read)\n)?$/);
    expect(await group('receipts', 'eng', '99')).toMatchObject({ exit: 1 });
    expect((await group('requests', 'eng')).stdout).toBe('gwen: invited by gia\n');
    expect((await run(['group', 'invitations', '--as', 'gwen'])).stdout).toBe('eng (Engineering): invited by gia\n');
    expect((await run(['group', 'accept', '--as', 'gwen', 'eng'])).exit).toBe(0);
    expect(await group('decline', 'eng', 'gus')).toMatchObject({ exit: 0, stdout: '' });
    expect(await group('accept', 'eng', 'stranger')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('Not accepted (invalid_field)'),
    });
  });

  it('history prints a page of a channel, its gaps as lines, and the options of the next page', async () => {
    for (const text of ['one', 'two\nlines', 'three']) await run(['send', '--as', 'hal', 'user/hue', text]);
    const history = (...args: string[]) => run(['history', '--as', 'hue', 'user/hal', ...args]);
    const newest = await history('--limit', '2');
    expect(newest.stdout).toMatch(/^2 \d{4}-\S+Z hal: two\n {4}lines\n3 \S+ hal: three\n$/);
    expect(newest).toMatchObject({ exit: 0, stderr: 'There is more: --before 2\n' });
    const earlier = await history('--before', '2', '--json');
    expect(linesOf(earlier.stdout)).toMatchObject([{ type: 'message', offset: 1, body: { text: 'one' } }]);
    expect((await history('--after', '1', '--limit', '1')).stderr).toBe('There is more: --after 2\n');
    expect((await history('--after', '1', '--before', '3')).exit).toBe(2);
    expect((await history('--limit', '201')).stderr).toContain('from 1 to 200');
  });

  it('conversations lists the channels with unread counts, preferences and the newest entry', async () => {
    await run(['send', '--as', 'ivo', 'user/ian', 'hi']);
    await run(['send', '--as', 'ivo', 'user/ian', 'two\nlines']);
    await run(['group', 'create', '--as', 'ian', 'team', 'ivo', '--title', 'The team']);
    await run(['mute', '--as', 'ian', 'user/ivo']);
    await run(['archive', '--as', 'ian', 'user/ivo']);
    const conversations = (...args: string[]) => run(['conversations', '--as', 'ian', ...args]);
    expect(await conversations()).toMatchObject({
      exit: 0,
      stdout: [
        'group/team "The team" (2 members): ian created the group and set title to "The team"',
        'user/ivo (2 unread, muted, archived): ivo: two lines\n',
      ].join('\n'),
      stderr: '',
    });
    const first = await conversations('--limit', '1', '--json');
    expect(linesOf(first.stdout)).toMatchObject([{ address: 'group/team', unread: 0, role: 'owner' }]);
    expect(first.stderr).toBe('There is more: --after group/team\n');
    const second = await conversations('--after', 'group/team', '--json');
    expect(linesOf(second.stdout)).toMatchObject([
      { address: 'user/ivo', unread: 2, muted: true, archived: true, last: { body: { text: 'two\nlines' } } },
    ]);
    const chat = start(['chat', '--as', 'ian']);
    await chat.shows(/^ivo: two$/m);
    chat.write('/unread\n');
    await chat.shows(/^\* Unread: ivo: 2$/m);
    chat.end();
    expect((await chat.result).exit).toBe(0);
  });
});
