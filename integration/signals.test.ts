// `signal` over real sockets: whom it reaches, whom it does not, and what it is refused for.

import { OperatorClient } from '@longwire/server';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    ...raisedRates,
    LONGWIRE_LIMITS_SIGNALS_PER_SECOND: '1000',
    LONGWIRE_LIMITS_CHANNEL_SIGNALS_PER_SECOND: '2',
    LONGWIRE_LIMITS_OUTBOX_BYTES: '131072',
    LONGWIRE_LIMITS_BODY_BYTES: '32768',
  });
});
afterAll(() => server.remove());

let pairs = 0;
/** Names that no other test uses, with a message between the two. */
async function newPair(): Promise<{ alice: WireClient; bob: WireClient; names: [string, string] }> {
  pairs += 1;
  const names: [string, string] = [`alice${pairs}`, `bob${pairs}`];
  const alice = await WireClient.signIn(server.url, names[0]);
  const bob = await WireClient.signIn(server.url, names[1]);
  await alice.ask({ type: 'send', to: `user/${names[1]}`, body: 1 });
  await bob.count('message', 1);
  return { alice, bob, names };
}

describe('signal', () => {
  it('reaches the sessions of the other user and the other ones of its sender, with its data as sent, and is not stored', async () => {
    const { alice, bob, names } = await newPair();
    const phone = await WireClient.signIn(server.url, names[1], { device: 'phone' });
    const tab = await WireClient.signIn(server.url, names[0], { device: 'tab' });
    const signal = { type: 'signal', to: `user/${names[1]}`, name: 'app.cursor' };
    alice.say(`${JSON.stringify(signal).slice(0, -1)},"data":\n{"x":1}}`);
    alice.say(signal);
    for (const client of [bob, phone]) {
      const signals = await client.count('signal', 2);
      const channel = `user/${names[0]}`;
      expect(signals).toEqual([
        { type: 'signal', channel, from: names[0], name: 'app.cursor', data: { x: 1 } },
        { type: 'signal', channel, from: names[0], name: 'app.cursor' },
      ]);
    }
    expect((await tab.count('signal', 2))[0]).toMatchObject({ channel: `user/${names[1]}`, from: names[0] });
    expect(await alice.ask({ type: 'history', channel: `user/${names[1]}` })).toMatchObject({
      entries: [{ offset: 1 }],
    });
    const late = await WireClient.signIn(server.url, names[1], { device: 'late' });
    await late.ask({ type: 'ping' });
    expect([...alice.ofType('signal'), ...late.ofType('signal')]).toEqual([]);
    for (const client of [alice, bob, phone, tab, late]) await client.end();
  });

  it('is answered with ok if it has an id, and with nothing if it has none', async () => {
    const { alice, bob, names } = await newPair();
    expect(await alice.ask({ type: 'signal', to: `user/${names[1]}`, name: 'typing' })).toMatchObject({ type: 'ok' });
    alice.say({ type: 'signal', to: `user/${names[1]}`, name: 'typing' });
    await alice.ask({ type: 'ping' });
    expect(alice.received.filter(({ type, re }) => type === 'ok' && re === undefined)).toEqual([]);
    for (const client of [alice, bob]) await client.end();
  });

  it('is refused with forbidden in a channel without entries, also if the user does not exist', async () => {
    const { alice, bob } = await newPair();
    for (const to of ['user/stranger', 'user/alice-herself']) {
      const answer = await alice.ask({ type: 'signal', to, name: 'typing' });
      expect(answer).toMatchObject({ type: 'error', code: 'forbidden', retryable: false });
    }
    alice.say({ type: 'signal', to: 'user/stranger', name: 'typing' });
    expect(await alice.find(({ of }) => of === 'signal')).toMatchObject({ type: 'error', code: 'forbidden' });
    for (const client of [alice, bob]) await client.end();
  });

  it('is refused with invalid_field for a channel that this version does not have', async () => {
    const { alice, bob } = await newPair();
    expect(await alice.ask({ type: 'signal', to: 'topic/a', name: 'typing' })).toMatchObject({ code: 'invalid_field' });
    for (const client of [alice, bob]) await client.end();
  });

  it('is refused with rate_limited above limits.channelSignalsPerSecond of both users together, which is counted', async () => {
    const { alice, bob, names } = await newPair();
    const count = async () => {
      const { refusals } = await new OperatorClient(server.folder).refusals();
      return refusals['limits.channelSignalsPerSecond'];
    };
    const before = await count();
    const answers = [];
    for (let round = 0; round < 10; round += 1) {
      answers.push(await alice.ask({ type: 'signal', to: `user/${names[1]}`, name: 'typing' }));
      answers.push(await bob.ask({ type: 'signal', to: `user/${names[0]}`, name: 'typing' }));
    }
    const refused = answers.filter(({ type }) => type === 'error');
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(4);
    for (const error of refused) expect(error).toMatchObject({ code: 'rate_limited', retryable: true });
    expect(refused[0]?.['afterMs']).toBeGreaterThan(0);
    expect(await count()).toBe(before + refused.length);
    for (const client of [alice, bob]) await client.end();
  });

  it('is dropped for a session that is behind in the channel, which gets every message nevertheless', async () => {
    const { alice, bob, names } = await newPair();
    bob.socket.pause();
    const body = 'x'.repeat(30_000);
    // More than the outbox and the buffers of the system hold.
    const messages = 400;
    for (let sent = 0; sent < messages; sent += 1) {
      expect(await alice.ask({ type: 'send', to: `user/${names[1]}`, body })).toMatchObject({ type: 'sent' });
    }
    expect(await alice.ask({ type: 'signal', to: `user/${names[1]}`, name: 'typing' })).toMatchObject({ type: 'ok' });
    bob.socket.resume();
    await until(() => bob.ofType('message').length === messages + 1, 'every message');
    expect(bob.ofType('signal')).toEqual([]);
    // The channel has room for another one again.
    await until(async () => {
      const { type } = await alice.ask({ type: 'signal', to: `user/${names[1]}`, name: 'typing' });
      return type === 'ok';
    }, 'a signal that is taken');
    await bob.count('signal', 1);
    for (const client of [alice, bob]) await client.end();
  }, 120_000);
});
