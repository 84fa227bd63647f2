// The group chat as its users see it: two terminals, over a restart of one of them.
import { ExampleProcess } from '@longwire/test-support/example-process';
import { afterAll, beforeAll, expect, it } from 'vitest';

let server: ExampleProcess;

beforeAll(async () => {
  server = await ExampleProcess.start('7-group-chat');
});
afterAll(() => ExampleProcess.stopAll());

const chatAs = (user: string) =>
  ExampleProcess.start('7-group-chat', { program: 'chat', args: [user, server.url], hasAddress: false });

it('two terminals write in the group, see who joins and leaves, and what they missed', async () => {
  const alice = await chatAs('alice');
  await alice.shows(/host: Welcome, alice!/, 'output');
  const bob = await chatAs('bob');
  await alice.shows(/\* bob: joined \(by bob\)/, 'output');
  bob.write('hello alice\n');
  await alice.shows(/bob: hello alice/, 'output');
  alice.write('/who\n');
  await alice.shows(/3 members: alice.*bob.*host/, 'output');
  alice.write('/exit\n');
  expect((await alice.result).exit).toBe(0);
  bob.write('are you gone?\n/history\n');
  await bob.shows(/\* host set title, joining, history\n.*alice: joined/s, 'output');
  const again = await chatAs('alice');
  await again.shows(/bob: are you gone\?/, 'output');
  expect(again.output).not.toContain('hello alice');
  bob.write('/leave\n');
  expect((await bob.result).exit).toBe(0);
  await again.shows(/\* bob: left \(by bob\)/, 'output');
});

it('the address shows the page of the server', async () => {
  expect(await (await fetch(server.url)).text()).toContain('<title>Longwire');
});

it('chat without a name exits 2', async () => {
  const chat = await ExampleProcess.start('7-group-chat', { program: 'chat', hasAddress: false });
  expect(await chat.result).toMatchObject({ exit: 2, stderr: expect.stringContaining('Who are you?') });
});
