// Damage of single rows as clients see it: the users of a damaged row lose what is in it, and every user can still connect.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseDriver } from '../packages/server/src/storage/sqlite/driver/choose-driver.js';
import { configureConnection } from '../packages/server/src/storage/sqlite/driver/connection-settings.js';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  const alice = await WireClient.signIn(server.url, 'alice');
  for (let body = 1; body <= 6; body += 1)
    await alice.ask({ type: 'send', to: 'user/bob', body: `number ${body} to bob` });
  await alice.ask({ type: 'send', to: 'user/carol', body: 'to carol' });
  await alice.end();
});

afterEach(() => server.remove());

/** Stops the server, flips a bit of each of the texts in its file, and starts it again. */
async function damage(...texts: string[]): Promise<void> {
  await server.stop();
  const path = join(server.folder, 'longwire.db');
  const file = readFileSync(path);
  for (const text of texts) {
    const at = file.indexOf(text);
    expect(at).toBeGreaterThan(0);
    file[at + text.length - 1]! ^= 1;
  }
  writeFileSync(path, file);
  rmSync(`${path}-wal`, { force: true });
  server = await server.restart();
}

const offsets = (messages: unknown): unknown[] => (messages as WireMessage[]).map((message) => message['offset']);
const damageLines = () => server.logLines.filter((line) => line.includes('"damage"'));

describe('a damaged newest entry of a channel', () => {
  it('is absent from channels, logged once, and keeps no session from connecting (row 64)', async () => {
    await damage('number 6 to bob', 'to carol');
    for (const time of ['first', 'second']) {
      const alice = await WireClient.open(server.url);
      const connected = await alice.ask({ type: 'connect', token: 'dev:alice', device: time });
      expect(connected).toMatchObject({
        type: 'connected',
        channels: [
          { address: 'user/carol', head: 1 },
          { address: 'user/bob', head: 6 },
        ],
      });
      for (const channel of connected['channels'] as object[]) expect(channel).not.toHaveProperty('last');
      expect(await alice.ask({ type: 'channels' })).toMatchObject({ channels: connected['channels'] });
      await alice.end();
    }
    const lines = damageLines();
    expect(lines.filter((line) => line.includes('direct/alice/bob, offset 6'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('direct/alice/carol, offset 1'))).toHaveLength(1);
    expect(lines.join()).not.toContain('"stack"');
  });

  it('is pushed as gap to a session that is due it, and later entries arrive (row 64)', async () => {
    await damage('number 3 to bob', 'number 6 to bob');
    const bob = await WireClient.signIn(server.url, 'bob');
    expect(await bob.count('gap', 2)).toMatchObject([
      { from: 3, to: 3, next: 4, reason: 'unreadable' },
      { from: 6, to: 6, next: 7, reason: 'unreadable' },
    ]);
    const alice = await WireClient.signIn(server.url, 'alice');
    expect(await alice.ask({ type: 'send', to: 'user/bob', body: 'later' })).toMatchObject({ type: 'sent', offset: 7 });
    expect(offsets(await bob.count('message', 5))).toEqual([1, 2, 4, 5, 7]);
    await Promise.all([alice.end(), bob.end()]);
  });

  it('is a gap of history, in its place in both directions (row 64)', async () => {
    await damage('number 1 to bob', 'number 3 to bob', 'number 6 to bob');
    const bob = await WireClient.signIn(server.url, 'bob');
    const page = async (fields: object) => {
      const { entries, more } = await bob.ask({ type: 'history', channel: 'user/alice', ...fields });
      return [(entries as WireMessage[]).map((entry) => entry['offset'] ?? { gap: entry['from'] }), more];
    };
    expect(await page({})).toEqual([[{ gap: 1 }, 2, { gap: 3 }, 4, 5, { gap: 6 }], false]);
    expect(await page({ before: 4 })).toEqual([[{ gap: 1 }, 2, { gap: 3 }], false]);
    expect(await page({ before: 2 })).toEqual([[{ gap: 1 }], false]);
    expect(await page({ after: 0, limit: 2 })).toEqual([[{ gap: 1 }, 2], true]);
    expect(await page({ after: 2 })).toEqual([[{ gap: 3 }, 4, 5, { gap: 6 }], false]);
    expect(await page({ after: 5 })).toEqual([[{ gap: 6 }], false]);
    expect((await bob.ask({ type: 'history', channel: 'user/alice', limit: 1 }))['entries']).toMatchObject([
      { type: 'gap', channel: 'user/alice', from: 6, to: 6, next: 7, reason: 'unreadable' },
    ]);
    await bob.end();
  });
});

describe('damage that a command needs', () => {
  it('answers connect with internal before goodbye 4006, and other sessions are served (row 64)', async () => {
    await server.stop();
    const database = chooseDriver('auto')(join(server.folder, 'longwire.db'));
    configureConnection(database);
    database.prepare("UPDATE user SET created_at = 1 WHERE name = 'bob'").run([]);
    database.close();
    server = await server.restart();
    const bob = await WireClient.open(server.url);
    expect(await bob.ask({ type: 'connect', token: 'dev:bob' })).toMatchObject({
      type: 'error',
      code: 'internal',
      retryable: true,
    });
    expect(await bob.whenClosed()).toMatchObject({ code: 4006 });
    expect(bob.received.at(-1)).toMatchObject({ type: 'goodbye', code: 4006 });
    const alice = await WireClient.signIn(server.url, 'alice');
    expect(await alice.ask({ type: 'send', to: 'user/carol', body: 1 })).toMatchObject({ type: 'sent', offset: 2 });
    await alice.end();
  });

  it('answers history, read and send of that channel with unavailable and retryable: false (row 64)', async () => {
    await server.stop();
    const database = chooseDriver('auto')(join(server.folder, 'longwire.db'));
    configureConnection(database);
    database.prepare("UPDATE channel SET created_at = 1 WHERE name = 'direct/alice/bob'").run([]);
    database.close();
    server = await server.restart();
    const alice = await WireClient.open(server.url);
    const cursors = { 'user/bob': { epoch: 'any', offset: 1 } };
    expect(await alice.ask({ type: 'connect', token: 'dev:alice', cursors })).toMatchObject({
      channels: [{ address: 'user/carol' }],
      ignored: ['user/bob'],
    });
    for (const command of [
      { type: 'history', channel: 'user/bob' },
      { type: 'read', channel: 'user/bob', offset: 1 },
      { type: 'send', to: 'user/bob', body: 1 },
    ]) {
      expect(await alice.ask(command)).toMatchObject({ type: 'error', code: 'unavailable', retryable: false });
    }
    expect(damageLines().filter((line) => line.includes('direct/alice/bob'))).not.toEqual([]);
    await alice.end();
  });
});
