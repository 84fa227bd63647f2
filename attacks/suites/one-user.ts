// One account used at full tilt: as many sessions as it can open, and every command as fast as it can be written.

import { inParallel } from '@longwire/test-support/in-parallel';
import { until } from '@longwire/test-support/until';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Target } from '../harness/target.js';

export interface OneUserScale {
  /** Sign-ins of one user, all at once. */
  readonly sessions: number;
  /** Messages of each kind, written without waiting for an answer. */
  readonly messages: number;
}

const SESSIONS_PER_USER = 20;
const MAX_CLOSING = 100;
/** Default of `limits.commandsPerSecond`, and the burst that goes with it. */
const COMMANDS_PER_SECOND = 200;
const COMMAND_BURST = 400;

/** Kind → one command of it, and the rate and burst that it has by default. */
const floods: Readonly<Record<string, { text: (id: number) => string; perSecond: number; burst: number }>> = {
  'send commands': {
    text: (id) => `{"id":${id},"type":"send","to":"user/flooder","body":1}`,
    perSecond: 50,
    burst: 200,
  },
  'history commands': {
    text: (id) => `{"id":${id},"type":"history","channel":"user/flooder"}`,
    perSecond: 20,
    burst: 40,
  },
  'channels commands': { text: (id) => `{"id":${id},"type":"channels"}`, perSecond: 20, burst: 40 },
  'ack commands': { text: (id) => `{"id":${id},"type":"ack","cursors":{"user/${id}":1}}`, perSecond: 10, burst: 50 },
  'read commands': {
    text: (id) => `{"id":${id},"type":"read","channel":"user/${id}","offset":1}`,
    perSecond: 10,
    burst: 50,
  },
  'ping commands': { text: (id) => `{"id":${id},"type":"ping"}`, perSecond: COMMANDS_PER_SECOND, burst: COMMAND_BURST },
  'commands of no known type': {
    text: (id) => `{"id":${id},"type":"mine"}`,
    perSecond: COMMANDS_PER_SECOND,
    burst: COMMAND_BURST,
  },
};

export function describeOneUser(scale: OneUserScale): void {
  describe('one user', () => {
    let target: Target;

    beforeAll(async () => {
      target = await Target.gateway();
    });
    afterAll(() => target.stop());

    it('has sessions.perUser sessions at most: the oldest of the same device are closed with 4101 (row 70)', async () => {
      await target.unharmed(async () => {
        const clients = await signInAll(target.url, scale.sessions, () => ({ token: 'dev:one', device: 'one' }));
        await until(
          () => clients.filter(({ closed }) => closed !== undefined).length >= scale.sessions - SESSIONS_PER_USER,
        );
        await expectAlive(clients, SESSIONS_PER_USER);
        expect(codesOf(clients)).toEqual([4101]);
        for (const client of clients) client.cut();
      });
    });

    it('has sessions.perUser sessions at most: the oldest of other devices are closed with 4101 (row 70)', async () => {
      await target.unharmed(async () => {
        const clients = await signInAll(target.url, scale.sessions, (n) => ({
          token: 'dev:several',
          device: `device-${n % 30}`,
        }));
        await until(
          () => clients.filter(({ closed }) => closed !== undefined).length >= scale.sessions - SESSIONS_PER_USER,
        );
        await expectAlive(clients, SESSIONS_PER_USER);
        expect(codesOf(clients)).toEqual([4101]);
        const replaced = clients.find(({ closed }) => closed?.code === 4101)!;
        expect(replaced.received.at(-1)).toMatchObject({ type: 'goodbye', code: 4101, reconnect: false });
        for (const client of clients) client.cut();
      });
    });

    it.each(Object.entries(floods))(
      'gets rate_limited for a flood of %s, and none without an answer (row 71)',
      async (_kind, flood) => {
        await target.unharmed(async () => {
          const client = await WireClient.signIn(target.url, 'flooder');
          const startedAt = performance.now();
          for (let id = 1; id <= scale.messages; id++) client.say(flood.text(1_000 + id));
          const answers = (): WireMessage[] => client.received.filter(({ re }) => Number(re) > 1_000);
          await until(() => answers().length >= scale.messages, `${scale.messages} answers`, 60_000);
          const elapsedS = (performance.now() - startedAt) / 1_000;
          const refused = answers().filter(({ code }) => code === 'rate_limited');
          for (const { afterMs, retryable } of refused) expect([Number(afterMs) > 0, retryable]).toEqual([true, true]);
          expect(answers().length - refused.length).toBeLessThanOrEqual(flood.burst + flood.perSecond * elapsedS + 1);
          expect(refused.length).toBeGreaterThan(0);
          client.cut();
        });
      },
    );

    it('is not read for a while once more commands are refused than limits.commandsPerSecond (row 71)', async () => {
      await target.unharmed(async () => {
        const client = await WireClient.signIn(target.url, 'talker');
        const startedAt = performance.now();
        for (let n = 0; n < scale.messages; n++) client.say('ping');
        await until(() => client.received.length > scale.messages, 'an answer to each ping', 60_000);
        const elapsedS = (performance.now() - startedAt) / 1_000;
        // As many are refused as are taken; the rest waits where it costs this server nothing.
        const answeredAtMost = 2 * (COMMAND_BURST + COMMANDS_PER_SECOND * elapsedS) + 100;
        expect(scale.messages).toBeLessThanOrEqual(answeredAtMost);
        client.cut();
      });
    });

    it('gets its sends stored in order: behind one with rate_limited all are refused until afterMs (row 71)', async () => {
      const client = await WireClient.signIn(target.url, 'in-order');
      const wanted = 300;
      for (let id = 1; id <= wanted; id++) {
        client.say({ id: 1_000 + id, type: 'send', to: 'user/in-order', body: id, key: `k${id}` });
      }
      await until(() => client.received.filter(({ re }) => Number(re) > 1_000).length === wanted, 'all answers');
      const stored = client.ofType('sent').map(({ re }) => Number(re) - 1_000);
      expect(stored).toEqual(Array.from({ length: stored.length }, (_, n) => n + 1));
      const refusal = client.received.find(({ code }) => code === 'rate_limited')!;
      await new Promise((resolve) => setTimeout(resolve, Number(refusal['afterMs'])));
      const next = await client.ask({ type: 'send', to: 'user/in-order', body: stored.length + 1, key: 'next' });
      expect(next).toMatchObject({ type: 'sent', offset: stored.length + 1 });
      client.cut();
    });
  });
}

/** Resolves when each sign-in got an answer or its end. */
async function signInAll(url: string, count: number, fields: (index: number) => object): Promise<WireClient[]> {
  const clients: WireClient[] = [];
  await inParallel(count, count, async (index) => {
    clients[index] = await WireClient.open(url, { localAddress: `127.0.2.${1 + (index % 200)}` });
  });
  for (const [index, client] of clients.entries()) {
    client.say({ id: 1, type: 'connect', ...fields(index) });
  }
  await until(
    () => clients.every(({ received, closed }) => received.length > 0 || closed !== undefined),
    'an answer to each connect',
    60_000,
  );
  return clients;
}

/** Those that were not closed answer, and there are so many of them. */
async function expectAlive(clients: readonly WireClient[], count: number): Promise<void> {
  const open = clients.filter(({ closed }) => closed === undefined);
  expect(open.length).toBe(count);
  for (const client of open) client.say({ id: 'alive', type: 'ping' });
  for (const client of open) expect((await client.find(({ re }) => re === 'alive')).type).toBe('pong');
}

/** Of those that were closed. Of hundreds that close at once some are cut before they have answered: 1006. */
function codesOf(clients: readonly WireClient[]): number[] {
  const codes = new Set(clients.flatMap(({ closed }) => (closed === undefined ? [] : [closed.code])));
  if (clients.length > MAX_CLOSING) codes.delete(1006);
  return [...codes].sort();
}
