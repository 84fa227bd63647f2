// `block` and `unblock` over real sockets: what ends between two users, what stays, and who learns of it.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = {
  ...raisedRates,
  LONGWIRE_LIMITS_SIGNALS_PER_SECOND: '1000',
  LONGWIRE_LIMITS_BLOCKS_PER_SECOND: '100000',
  LONGWIRE_LIMITS_BLOCKS_PER_USER: '3',
  LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '10000',
};

let names = 0;
/** Names that no other test uses. */
function newNames(): { alice: string; bob: string } {
  names += 1;
  return { alice: `alice${names}`, bob: `bob${names}` };
}

interface Pair {
  readonly alice: WireClient;
  readonly bob: WireClient;
  readonly toAlice: string;
  readonly toBob: string;
}

type Command =
  | { readonly type: 'send'; readonly from: 0 | 1 }
  | { readonly type: 'block' | 'unblock'; readonly from: 0 | 1 };

const from = fc.constantFrom(0 as const, 1 as const);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send' as const), from }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('block' as const, 'unblock' as const), from }) },
);

/** What is wrong with the order in which one session got entries, and `ok` to its own blocks. */
function faultsIn(received: readonly WireMessage[], typeOf: (re: unknown) => string | undefined): string[] {
  const faults: string[] = [];
  let newest = 0;
  let isBlocking = false;
  for (const { type, re, offset } of received) {
    if (type === 'ok') isBlocking = typeOf(re) === 'block';
    if (type !== 'message' && type !== 'sent') continue;
    if (offset !== newest + 1) faults.push(`offset ${offset} after ${newest}`);
    newest = offset as number;
    if (isBlocking) faults.push(`offset ${offset} between block and unblock`);
  }
  return faults;
}

describe.each(['SQLite', 'memory'])('on %s', (engine) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(engine === 'memory' ? { ...settings, LONGWIRE_DATA: 'memory:' } : settings);
  });
  afterAll(() => server.remove());

  const signIn = (user: string, connect: object = {}) => WireClient.signIn(server.url, user, connect);

  async function newPair(): Promise<Pair> {
    const { alice, bob } = newNames();
    return { alice: await signIn(alice), bob: await signIn(bob), toAlice: `user/${alice}`, toBob: `user/${bob}` };
  }

  const block = (client: WireClient, address: string, type: 'block' | 'unblock' = 'block') =>
    client.ask({ type, user: address.slice('user/'.length) });

  const send = (client: WireClient, to: string) => client.ask({ type: 'send', to, body: 1 });

  it('block refuses send and signal of both users with `blocked`, until unblock; history stays readable', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    await send(alice, toBob);
    expect(await block(bob, toAlice)).toMatchObject({ type: 'ok' });
    for (const [client, to] of [[alice, toBob] as const, [bob, toAlice] as const]) {
      expect(await send(client, to)).toMatchObject({ type: 'error', code: 'blocked', retryable: false });
      const signal = await client.ask({ type: 'signal', to, name: 'typing' });
      expect(signal).toMatchObject({ type: 'error', code: 'blocked' });
      expect(await client.ask({ type: 'history', channel: to })).toMatchObject({ entries: [{ offset: 1, body: 1 }] });
      expect(await client.ask({ type: 'read', channel: to, offset: 1 })).toMatchObject({ type: 'ok' });
    }
    expect(bob.ofType('signal')).toEqual([]);
    expect(await block(bob, toAlice, 'unblock')).toMatchObject({ type: 'ok' });
    expect(await send(alice, toBob)).toMatchObject({ type: 'sent', offset: 2 });
    expect(await bob.ask({ type: 'signal', to: toAlice, name: 'typing' })).toMatchObject({ type: 'ok' });
    await alice.count('signal', 1);
    for (const client of [alice, bob]) await client.end();
  });

  it('blocks lists the users whom a user blocks in pages, and not those who block them', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    const other = newNames();
    for (const address of [toBob, `user/${other.bob}`]) await block(alice, address);
    const ask = (fields: object) => alice.ask({ type: 'blocks', ...fields });
    const [first, second] = [toBob.slice(5), other.bob];
    expect(await ask({})).toMatchObject({ type: 'blocks', users: [first, second], more: false });
    expect(await ask({ limit: 1 })).toMatchObject({ users: [first], more: true });
    await block(alice, toBob, 'unblock');
    expect(await ask({ after: first, limit: 1 })).toMatchObject({ users: [second], more: false });
    expect(await ask({ after: other.alice })).toMatchObject({ type: 'error', code: 'invalid_field' });
    expect(await bob.ask({ type: 'blocks' })).toMatchObject({ users: [], more: false });
    await block(bob, toAlice);
    expect(await ask({})).toMatchObject({ users: [second] });
    for (const client of [alice, bob]) await client.end();
  });

  it('unblock ends the block of its own user, and not that of the other', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    await block(alice, toBob);
    await block(bob, toAlice);
    await block(bob, toAlice, 'unblock');
    expect(await send(alice, toBob)).toMatchObject({ code: 'blocked' });
    await block(alice, toBob, 'unblock');
    expect(await send(alice, toBob)).toMatchObject({ type: 'sent', offset: 1 });
    for (const client of [alice, bob]) await client.end();
  });

  it('a repeat of the key of a stored message is answered with `sent` during a block', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    const keyed = { type: 'send', to: toBob, body: 1, key: 'k' };
    await alice.ask(keyed);
    await block(bob, toAlice);
    expect(await alice.ask(keyed)).toMatchObject({ type: 'sent', offset: 1, repeated: true });
    for (const client of [alice, bob]) await client.end();
  });

  it('the push `channel` shows `blocked` to the other sessions of the user who blocks, and to no other user', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    await send(alice, toBob);
    const tablet = await signIn(toBob.slice(5), { device: 'tablet' });
    await block(bob, toAlice);
    const [shown] = await tablet.count('channel', 1);
    expect(shown).toMatchObject({ address: toAlice, head: 1, unread: 1, blocked: true, last: { offset: 1 } });
    await block(bob, toAlice, 'unblock');
    const [, ended] = await tablet.count('channel', 2);
    expect(ended).toMatchObject({ address: toAlice, head: 1 });
    expect(ended).not.toHaveProperty('blocked');
    // A repeat changes nothing, so that there is nothing to report.
    await block(bob, toAlice, 'unblock');
    await block(bob, toAlice);
    await tablet.count('channel', 3);
    const late = await signIn(toBob.slice(5), { device: 'late' });
    const { channels } = late.ofType('connected')[0] as WireMessage & { channels: unknown[] };
    expect(channels).toMatchObject([{ address: toAlice, blocked: true }]);
    const list = (await alice.ask({ type: 'channels' })) as WireMessage & { channels: unknown[] };
    expect(list.channels).toMatchObject([{ address: toBob }]);
    expect(list.channels[0]).not.toHaveProperty('blocked');
    await alice.ask({ type: 'ping' });
    await tablet.ask({ type: 'ping' });
    expect([alice.ofType('channel'), bob.ofType('channel'), tablet.ofType('channel').length]).toEqual([[], [], 3]);
    for (const client of [alice, bob, tablet, late]) await client.end();
  });

  it('a user may be blocked before either has written: the channel has head 0, and is not listed', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    const tablet = await signIn(toBob.slice(5), { device: 'tablet' });
    await block(bob, toAlice);
    const [shown] = await tablet.count('channel', 1);
    expect(shown).toMatchObject({ address: toAlice, head: 0, read: 0, unread: 0, visibleFrom: 1, blocked: true });
    expect(shown).not.toHaveProperty('last');
    expect(await send(alice, toBob)).toMatchObject({ code: 'blocked' });
    expect(await bob.ask({ type: 'channels' })).toMatchObject({ channels: [], more: false });
    await block(bob, toAlice, 'unblock');
    const first = await send(alice, toBob);
    expect(first).toMatchObject({ offset: 1, epoch: shown!['epoch'] });
    for (const client of [alice, bob, tablet]) await client.end();
  });

  it('ends presence in both directions, and unblock restores it', async () => {
    const { alice, bob, toAlice, toBob } = await newPair();
    await send(alice, toBob);
    await send(bob, toAlice);
    const other = (address: string) => address.slice(5);
    await alice.ask({ type: 'watch', users: [other(toBob)] });
    await bob.ask({ type: 'watch', users: [other(toAlice)] });
    await block(bob, toAlice);
    const last = (client: WireClient) => client.ofType('presence').at(-1);
    for (const client of [alice, bob]) await client.until(() => last(client)?.['online'] === false);
    expect(last(alice)).not.toHaveProperty('lastSeenAt');
    const asked = await alice.ask({ type: 'presence', users: [other(toBob)] });
    expect(asked['users']).toEqual({ [other(toBob)]: { online: false } });
    await block(bob, toAlice, 'unblock');
    for (const client of [alice, bob]) await client.until(() => last(client)?.['online'] === true);
    for (const client of [alice, bob]) await client.end();
  });

  it('is refused with quota_exceeded above limits.blocksPerUser, until another one is unblocked', async () => {
    const { bob } = await newPair();
    for (const user of ['x1', 'x2', 'x3']) {
      expect(await bob.ask({ type: 'block', user: `${user}-${engine}-${names}` })).toMatchObject({ type: 'ok' });
    }
    const fourth = { type: 'block', user: `x4-${engine}-${names}` };
    const before = server.refusals()['limits.blocksPerUser'];
    expect(await bob.ask(fourth)).toMatchObject({ code: 'quota_exceeded', retryable: false });
    expect(server.refusals()['limits.blocksPerUser']).toBe(before + 1);
    expect(await bob.ask({ type: 'block', user: `x1-${engine}-${names}` })).toMatchObject({ type: 'ok' });
    await bob.ask({ type: 'unblock', user: `x1-${engine}-${names}` });
    expect(await bob.ask(fourth)).toMatchObject({ type: 'ok' });
    await bob.end();
  });

  it('is refused with invalid_field for oneself, and for a new id with hidden characters', async () => {
    const { bob, toBob } = await newPair();
    expect(await block(bob, toBob)).toMatchObject({ code: 'invalid_field' });
    expect(await bob.ask({ type: 'block', user: 'al\u{200b}ice' })).toMatchObject({ code: 'invalid_field' });
    expect(await bob.ask({ type: 'unblock', user: 'never-seen' })).toMatchObject({ type: 'ok' });
    await bob.end();
  });

  it('between `ok` of block and `ok` of unblock no entry reaches either user, however sends and blocks race', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60, size: 'max' }), async (commands) => {
        const { alice, bob, toAlice, toBob } = await newPair();
        const sides = [
          { client: alice, to: toBob, asked: new Map<unknown, string>() },
          { client: bob, to: toAlice, asked: new Map<unknown, string>() },
        ] as const;
        for (const [index, { type, from: side }] of commands.entries()) {
          const { client, to, asked } = sides[side];
          const id = `c${index}`;
          asked.set(id, type);
          if (type === 'send') client.say({ id, type, to, body: index });
          else client.say({ id, type, user: to.slice(5) });
        }
        const answersOf = ({ client }: (typeof sides)[number]) =>
          client.received.filter(({ re }) => String(re).startsWith('c'));
        for (const side of sides) await until(() => answersOf(side).length === side.asked.size, 'every answer');
        for (const { client } of sides) await client.ask({ type: 'ping' });
        const stored = sides.map((side) => answersOf(side).filter(({ type }) => type === 'sent').length);
        await until(() => alice.ofType('message').length === stored[1], 'every message of bob');
        await until(() => bob.ofType('message').length === stored[0], 'every message of alice');
        for (const { client, asked } of sides) {
          expect(faultsIn(client.received, (re) => asked.get(re))).toEqual([]);
          for (const { type, re, code } of client.received) {
            if (asked.get(re) === 'send') expect(code ?? type).toMatch(/^(sent|blocked)$/);
          }
        }
        for (const { client } of sides) await client.end();
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

it('a block that was answered with ok holds after kill -9, and so does unblock', async () => {
  const server = await ServerProcess.start({ ...settings });
  try {
    const bob = await WireClient.signIn(server.gatewayUrl, 'bob');
    await bob.ask({ type: 'send', to: 'user/alice', body: 1 });
    for (const user of ['alice', 'carol']) await bob.ask({ type: 'block', user });
    expect(await bob.ask({ type: 'unblock', user: 'carol' })).toMatchObject({ type: 'ok' });
    await server.kill();
    await server.startAgain();
    const alice = await WireClient.signIn(server.gatewayUrl, 'alice');
    expect(await alice.ask({ type: 'send', to: 'user/bob', body: 2 })).toMatchObject({ code: 'blocked' });
    const again = await WireClient.signIn(server.gatewayUrl, 'bob');
    expect(again.ofType('connected')).toMatchObject([{ channels: [{ address: 'user/alice', blocked: true }] }]);
    expect(await again.ask({ type: 'send', to: 'user/carol', body: 1 })).toMatchObject({ type: 'sent' });
    for (const client of [alice, again]) await client.end();
  } finally {
    await server.remove();
  }
}, 60_000);
