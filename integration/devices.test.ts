// More devices of a user than the server keeps.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const DEVICES = 32;
const address = 'user/alice';
let server: TestServer;
let people = 0;

beforeAll(async () => {
  server = await startTestServer({ ...raisedRates, LONGWIRE_SESSIONS_PER_USER: '40' });
});
afterAll(() => server.remove());

describe('a device of a user who has more than 32', () => {
  it('is not forgotten while it has a session, and keeps its cursors (row 68)', async () => {
    const bob = newPerson();
    const phone = await signIn(bob, 'phone');
    const last = await send(bob, 3);
    await phone.ask({ type: 'ack', cursors: { [address]: { epoch: last['epoch'], offset: 2 } } });
    await signInOthers(bob, DEVICES + 8);
    await phone.end();
    const again = await signIn(bob, 'phone');
    expect(again.ofType('connected')).toMatchObject([{ device: 'known' }]);
    expect(offsets(await again.count('message', 1))).toEqual([3]);
    await again.end();
  });

  it('gets gap with reason skipped for what it does not get any more, once it was forgotten (row 68)', async () => {
    const bob = newPerson();
    const phone = await signIn(bob, 'phone');
    const last = await send(bob, 5);
    const { epoch } = last;
    await phone.ask({ type: 'ack', cursors: { [address]: { epoch, offset: 5 } } });
    await phone.end();
    await signInOthers(bob, DEVICES);
    await send(bob, 40);
    const laptop = await signIn(bob, 'laptop');
    expect(await laptop.ask({ type: 'read', channel: address, epoch, offset: 45 })).toMatchObject({ type: 'ok' });
    await laptop.end();

    const again = await signIn(bob, 'phone');
    expect(again.ofType('connected')).toMatchObject([{ device: 'new' }]);
    expect(await again.count('gap', 1)).toMatchObject([
      { channel: address, epoch, from: 1, to: 45, next: 46, reason: 'skipped' },
    ]);
    await send(bob, 1);
    expect(offsets(await again.count('message', 1))).toEqual([46]);
    await again.end();
  });

  it('gets quota_exceeded and 4102 when the other 32 all have sessions (row 68)', async () => {
    const bob = newPerson();
    const sessions = await Promise.all(Array.from({ length: DEVICES }, (_, index) => signIn(bob, `d${index}`)));
    const refused = await signIn(bob, 'one-more');
    expect(refused.received[0]).toMatchObject({ type: 'error', code: 'quota_exceeded' });
    expect(await refused.whenClosed()).toMatchObject({ code: 4102 });
    await sessions[7]!.end();
    const accepted = await signIn(bob, 'one-more');
    expect(accepted.ofType('connected')).toMatchObject([{ device: 'new' }]);
    expect((await signIn(bob, 'd0')).ofType('connected')).toMatchObject([{ device: 'known' }]);
    for (const client of [...sessions, accepted]) client.cut();
  });
});

it('a new device begins where the user has read, at its second sign-in too, before what was read is on disk', async () => {
  const bob = newPerson();
  const phone = await signIn(bob, 'phone');
  const { epoch } = await send(bob, 3);
  await phone.count('message', 3);
  await phone.ask({ type: 'read', channel: address, epoch, offset: 2 });
  for (let signIns = 0; signIns < 2; signIns += 1) {
    const laptop = await signIn(bob, 'laptop');
    expect(offsets(await laptop.count('message', 1))).toEqual([3]);
    await laptop.end();
  }
  await phone.end();
});

function newPerson(): string {
  people += 1;
  return `bob${people}`;
}

function signIn(user: string, device: string): Promise<WireClient> {
  return WireClient.signIn(server.url, user, { device });
}

/** Each for a moment, one after the other. */
async function signInOthers(user: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const client = await signIn(user, `other${index}`);
    expect(client.ofType('connected')).toMatchObject([{ device: 'new' }]);
    await client.end();
  }
}

/** From alice; returns the last answer. */
async function send(to: string, count: number): Promise<WireMessage> {
  const alice = await WireClient.signIn(server.url, 'alice');
  for (let index = 0; index < count; index += 1)
    alice.say({ id: `m${index}`, type: 'send', to: `user/${to}`, body: 1 });
  const sent = await alice.count('sent', count);
  alice.cut();
  return sent.at(-1)!;
}

function offsets(messages: readonly WireMessage[]): unknown[] {
  return messages.map(({ offset }) => offset);
}
