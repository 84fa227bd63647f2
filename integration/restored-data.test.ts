// A data folder that was set back while a client kept what it had read later: the offsets are assigned again, and the client
// has to learn that its position is of another life.

import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { longwireCommand, ServerProcess } from '@longwire/test-support/server-process';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const BEFORE_COPY = 3;
const AFTER_COPY = 5;

let server: ServerProcess;
let copy: string;
beforeEach(async () => {
  server = await ServerProcess.start();
  copy = `${server.folder}-copy`;
});
afterEach(async () => {
  await server.remove();
  rmSync(copy, { recursive: true, force: true });
});

it('pushes gap with reason epoch to a client that read beyond a copy of the data folder, when that copy was put back whole (row 67)', async () => {
  const known = await readBeyondTheCopy();
  rmSync(server.folder, { recursive: true });
  cpSync(copy, server.folder, { recursive: true });
  await server.startAgain();
  expect(server.output).toContain('is another file than at the last start: it counts as restored');
  await expectGap(known);
});

it('pushes gap with reason epoch after `longwire era new`, when the files were set back in place (row 67)', async () => {
  const known = await readBeyondTheCopy();
  // The copy may hold a folder that the running server had for a moment.
  const files = readdirSync(copy, { withFileTypes: true }).filter((item) => item.isFile());
  for (const { name } of files) writeFileSync(join(server.folder, name), readFileSync(join(copy, name)));
  const command = [longwireCommand, 'era', 'new', '--data', server.folder];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command);
  expect([stdout, stderr]).toEqual([`All channels in ${server.folder} have a new epoch. The server may start\n`, '']);
  await server.startAgain();
  await expectGap(known);
});

interface Position {
  readonly epoch: unknown;
  readonly offset: number;
}

/** Alice sends, the running server's folder is copied, she sends more, and bob reads it all. */
async function readBeyondTheCopy(): Promise<Position> {
  const alice = await WireClient.signIn(server.gatewayUrl, 'alice');
  await send(alice, BEFORE_COPY, 'old');
  cpSync(server.folder, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') && !path.endsWith('lock') });
  await send(alice, AFTER_COPY, 'lost');
  const bob = await WireClient.signIn(server.gatewayUrl, 'bob', { device: 'phone' });
  const read = await bob.count('message', BEFORE_COPY + AFTER_COPY);
  await server.kill('SIGTERM');
  return { epoch: read.at(-1)?.['epoch'], offset: BEFORE_COPY + AFTER_COPY };
}

/** Bob comes back with his position; what was sent meanwhile has offsets that he knows. */
async function expectGap(known: Position): Promise<void> {
  const alice = await WireClient.signIn(server.gatewayUrl, 'alice');
  await send(alice, AFTER_COPY, 'new');
  const bob = await WireClient.signIn(server.gatewayUrl, 'bob', { device: 'phone', cursors: { 'user/alice': known } });
  const messages = await bob.count('message', BEFORE_COPY + AFTER_COPY);
  expect(bob.ofType('gap')).toMatchObject([{ channel: 'user/alice', reason: 'epoch', next: 1 }]);
  expect(messages.map(({ body }) => body)).toEqual([
    ...Array<string>(BEFORE_COPY).fill('old'),
    ...Array<string>(AFTER_COPY).fill('new'),
  ]);
  expect(messages[0]?.['epoch']).not.toBe(known.epoch);
  await bob.end();
}

async function send(from: WireClient, count: number, body: string): Promise<void> {
  for (let n = 0; n < count; n += 1) await from.ask({ type: 'send', to: 'user/bob', body });
}
