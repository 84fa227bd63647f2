// `mute`, `archive` and `hide` over real sockets: what the channel shows, who learns of it, and what a restart keeps.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = { ...raisedRates, LONGWIRE_LIMITS_PREFERENCES_PER_USER: '2' };

let names = 0;

async function channelsOf(client: WireClient): Promise<readonly Record<string, unknown>[]> {
  return (await client.ask({ type: 'channels' }))['channels'] as Record<string, unknown>[];
}

async function write(server: TestServer, from: string, ...to: string[]): Promise<void> {
  const client = await WireClient.signIn(server.url, from);
  for (const user of to) await client.ask({ type: 'send', to: `user/${user}`, body: 1 });
  await client.end();
}

describe.each(['SQLite', 'memory'])('on %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(engine === 'memory' ? { ...settings, LONGWIRE_DATA: 'memory:' } : settings);
  });
  afterAll(() => server.remove());

  /** Alice with two sessions, to whom bob has written. */
  async function newAlice() {
    names += 1;
    const [alice, bob] = [`alice${names}`, `bob${names}`];
    await write(server, bob, alice);
    const phone = await WireClient.signIn(server.url, alice, { device: 'phone' });
    const tablet = await WireClient.signIn(server.url, alice, { device: 'tablet' });
    const end = () => Promise.all([phone.end(), tablet.end()]);
    return { alice, bob, channel: `user/${bob}`, phone, tablet, end };
  }

  it('mute and archive are shown as `muted` and `archived`, and pushed by `channel` to the other sessions of the user alone', async () => {
    const { alice, bob, channel, phone, tablet, end } = await newAlice();
    const other = await WireClient.signIn(server.url, bob);
    const until = Date.now() + 3_600_000;
    expect(await phone.ask({ type: 'mute', channel, until })).toMatchObject({ type: 'ok' });
    await tablet.count('channel', 1);
    await phone.ask({ type: 'archive', channel });
    const [muted, archived] = await tablet.count('channel', 2);
    expect(muted).toMatchObject({ address: channel, muted: until, unread: 1 });
    expect(archived).toMatchObject({ address: channel, muted: until, archived: true });
    expect(await channelsOf(phone)).toMatchObject([{ address: channel, muted: until, archived: true }]);
    // A repeat changes nothing.
    await phone.ask({ type: 'archive', channel, on: true });
    await phone.ask({ type: 'mute', channel });
    expect((await tablet.count('channel', 3)).at(-1)).toMatchObject({ muted: true });
    for (const type of ['mute', 'archive']) await phone.ask({ type, channel, on: false });
    const last = await tablet.until(() =>
      tablet.ofType('channel').find((push) => push['archived'] === undefined && push['muted'] === undefined),
    );
    expect(last).not.toHaveProperty('hidden');
    const [listed] = await channelsOf(phone);
    expect([listed?.['muted'], listed?.['archived']]).toEqual([undefined, undefined]);
    await other.ask({ type: 'ping' });
    expect([phone.ofType('channel'), other.ofType('channel')]).toEqual([[], []]);
    expect(await channelsOf(other)).toMatchObject([{ address: `user/${alice}` }]);
    await other.end();
    await end();
  });

  it('a mute whose `until` is over is not shown', async () => {
    const { channel, phone, end } = await newAlice();
    await phone.ask({ type: 'mute', channel, until: Date.now() - 1 });
    const [listed] = await channelsOf(phone);
    expect(listed).not.toHaveProperty('muted');
    await end();
  });

  it('hide leaves a channel out of `channels` and `connected` until it has a newer message, which is delivered', async () => {
    const { alice, bob, channel, phone, tablet, end } = await newAlice();
    await phone.ask({ type: 'hide', channel });
    expect((await tablet.count('channel', 1))[0]).toMatchObject({ address: channel, hidden: true });
    expect(await channelsOf(phone)).toEqual([]);
    const late = await WireClient.signIn(server.url, alice, { device: 'late' });
    expect((late.ofType('connected')[0] as WireMessage)['channels']).toEqual([]);
    await write(server, bob, alice);
    await phone.count('message', 2);
    const [listed] = await channelsOf(phone);
    expect(listed).toMatchObject({ address: channel, head: 2, unread: 2 });
    expect(listed).not.toHaveProperty('hidden');
    await phone.ask({ type: 'hide', channel });
    await phone.ask({ type: 'hide', channel, on: false });
    expect(await channelsOf(phone)).toMatchObject([{ address: channel }]);
    await late.end();
    await end();
  });

  it('is refused with invalid_field for a channel that is none of the user, and with quota_exceeded above limits.preferencesPerUser', async () => {
    const { alice, channel, phone, end } = await newAlice();
    expect(await phone.ask({ type: 'mute', channel: 'user/stranger' })).toMatchObject({ code: 'invalid_field' });
    expect(await phone.ask({ type: 'mute', channel: 'group/none' })).toMatchObject({ code: 'invalid_field' });
    const others = [`x${names}`, `y${names}`];
    await write(server, alice, ...others);
    await phone.ask({ type: 'mute', channel: `user/${others[0]}`, until: Date.now() + 60_000 });
    await phone.ask({ type: 'archive', channel: `user/${others[1]}` });
    const before = server.refusals()['limits.preferencesPerUser'];
    expect(await phone.ask({ type: 'hide', channel })).toMatchObject({ code: 'quota_exceeded', retryable: false });
    expect(server.refusals()['limits.preferencesPerUser']).toBe(before + 1);
    // A mute that is over counts no longer.
    await phone.ask({ type: 'mute', channel: `user/${others[0]}`, until: 1 });
    expect(await phone.ask({ type: 'hide', channel })).toMatchObject({ type: 'ok' });
    await end();
  });
});

it('mute, archive and hide are kept over a restart', async () => {
  let server = await startTestServer(settings);
  await write(server, 'bob', 'alice');
  await write(server, 'carol', 'alice');
  const alice = await WireClient.signIn(server.url, 'alice');
  await alice.ask({ type: 'mute', channel: 'user/bob' });
  await alice.ask({ type: 'archive', channel: 'user/bob' });
  await alice.ask({ type: 'hide', channel: 'user/carol' });
  alice.cut();
  server = await server.restart();
  const again = await WireClient.signIn(server.url, 'alice');
  const { channels } = again.ofType('connected')[0] as WireMessage & { channels: unknown[] };
  expect(channels).toMatchObject([{ address: 'user/bob', muted: true, archived: true }]);
  expect(channels.length).toBe(1);
  await again.end();
  await server.remove();
}, 60_000);
