// One handler at a time, in order; 16 may wait; concurrent endpoints; what waits when a session ends.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineEndpoint, type EndpointHandlers, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

/** Handlers that record when they begin and end; each text message waits for its gate, if there is one. */
function gatedHandlers(log: string[], gates: Map<string, Promise<unknown>>): EndpointHandlers {
  return {
    async onOpen() {
      log.push('open+');
      await gates.get('open');
      log.push('open-');
    },
    async onText(message) {
      log.push(`${message}+`);
      await gates.get(message);
      log.push(`${message}-`);
    },
    onBinary() {
      log.push('binary');
    },
    async onClose(_session, reason) {
      log.push(`close+${reason.code}`);
      await gates.get('close');
      log.push('close-');
    },
    onError(error) {
      log.push(`error ${(error as Error).message}`);
    },
  };
}

describe('a session of an ordered endpoint', () => {
  it('runs one handler at a time, in order: open, messages of all kinds, close last', async () => {
    const log: string[] = [];
    const open = deferred();
    const first = deferred();
    const gates = new Map([
      ['open', open.promise],
      ['a', first.promise],
    ]);
    const serving = await serve([defineEndpoint('/x', gatedHandlers(log, gates))]);
    const client = await serving.connect('/x');
    client.send('a');
    client.send(Buffer.from('b'));
    client.send('c');
    await client.settled();
    expect(log).toEqual(['open+']);
    open.resolve();
    await until(() => log.length > 1);
    expect(log).toEqual(['open+', 'open-', 'a+']);
    first.resolve();
    await until(() => log.includes('c-'));
    await client.close();
    await until(() => log.includes('close-'));
    expect(log).toEqual(['open+', 'open-', 'a+', 'a-', 'binary', 'c+', 'c-', 'close+1000', 'close-']);
  });

  it('reads on while 15 messages wait, pauses at 16, and resumes below', async () => {
    const log: string[] = [];
    const gates = new Map<string, Promise<unknown>>();
    const blocked = deferred();
    const second = deferred();
    gates.set('0', blocked.promise).set('1', second.promise);
    // A handler counts as stalled after a fifth of this.
    const limits = { closeTimeoutMs: 300_000 };
    const serving = await serve([defineEndpoint('/x', { ...gatedHandlers(log, gates), limits })]);
    const client = await serving.connect('/x');
    for (let index = 0; index <= 15; index++) client.send(String(index));
    await client.settled(); // 0 runs, 15 wait
    client.send('16');
    expect(await client.isRead()).toBe(false); // 16 wait
    for (let index = 17; index < 200; index++) client.send(String(index));
    blocked.resolve(); // 1 runs, 15 wait, 17 is read, 16 wait
    await until(() => log.includes('1+'));
    expect(await client.isRead()).toBe(false);
    second.resolve();
    await until(() => log.includes('199-'));
    const begun = log.filter((entry) => /^\d+\+$/.test(entry));
    expect(begun).toEqual(Array.from({ length: 200 }, (_, index) => `${index}+`));
    await client.settled();
  });

  it('stays paused by pauseReading when its queue has room again', async () => {
    let session: Session | undefined;
    const blocked = deferred();
    const texts: string[] = [];
    const endpoint = defineEndpoint('/x', {
      onOpen: (opened) => {
        session = opened;
      },
      async onText(message) {
        texts.push(message);
        if (message === '0') await blocked.promise;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    for (let index = 0; index <= 20; index++) client.send(String(index));
    await until(() => texts.length === 1);
    expect(await client.isRead()).toBe(false);
    session!.pauseReading();
    blocked.resolve();
    await until(() => texts.length === 17);
    expect(await client.isRead()).toBe(false);
    expect(texts).toHaveLength(17);
    session!.resumeReading();
    await until(() => texts.length === 21);
  });

  it('keeps the order of any mixture of handlers that return now and later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 60 }), async (delays) => {
        let running = 0;
        const endpoint = defineEndpoint('/x', {
          onText(message) {
            expect(running).toBe(0);
            const delay = Number(message.split(' ')[1]);
            if (delay === 0) return message;
            running++;
            return (async () => {
              for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve));
              running--;
              return message;
            })();
          },
        });
        const serving = await serve([endpoint]);
        const client = await serving.connect('/x');
        const sent = delays.map((delay, index) => `${index} ${delay}`);
        for (const message of sent) client.send(message);
        expect(await client.received(sent.length)).toEqual(sent);
        await serving.close();
      }),
      { numRuns: 25 },
    );
  });

  it('handles what had arrived when the peer closed, and then closes', async () => {
    const log: string[] = [];
    const first = deferred();
    const serving = await serve([defineEndpoint('/x', gatedHandlers(log, new Map([['a', first.promise]])))]);
    const client = await serving.connect('/x');
    client.send('a');
    client.send('b');
    await client.close(3000);
    expect(log).toEqual(['open+', 'open-', 'a+']);
    first.resolve();
    await until(() => log.includes('close-'));
    expect(log.slice(2)).toEqual(['a+', 'a-', 'b+', 'b-', 'close+3000', 'close-']);
  });

  it('starts no message handler any more once the program has closed it', async () => {
    const log: string[] = [];
    const first = deferred();
    const serving = await serve([defineEndpoint('/x', gatedHandlers(log, new Map([['a', first.promise]])))]);
    const client = await serving.connect('/x');
    for (const message of ['a', 'b', 'c']) client.send(message);
    await client.settled();
    const [session] = serving.container.endpoints().get('/x')!.openSessions();
    session!.close(3001, 'enough');
    expect(session!.isOpen).toBe(false);
    client.send('d');
    expect(await client.closed).toEqual({ code: 3001, reason: 'enough' });
    first.resolve();
    await until(() => log.includes('close-'));
    expect(log.slice(2)).toEqual(['a+', 'a-', 'close+3001', 'close-']);
  });

  it('does not let a client that closes while 16 messages wait be forgotten', async () => {
    const log: string[] = [];
    const first = deferred();
    const serving = await serve([defineEndpoint('/x', gatedHandlers(log, new Map([['0', first.promise]])))]);
    const client = await serving.connect('/x');
    for (let index = 0; index < 40; index++) client.send(String(index));
    client.socket.close(3002);
    await until(() => log.includes('0+'));
    first.resolve();
    await until(() => log.includes('close-'));
    expect(log.filter((entry) => entry.endsWith('+'))).toHaveLength(41);
    expect(log.at(-2)).toBe('close+3002');
  });
});

it.each([{ concurrent: false }, { concurrent: true }])(
  'onClose waits for an onOpen that takes its time, also when the client has gone meanwhile (%j)',
  async (options) => {
    const log: string[] = [];
    const open = deferred();
    const endpoint = defineEndpoint('/x', { ...gatedHandlers(log, new Map([['open', open.promise]])), ...options });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    await client.close(3000);
    await until(() => serving.container.endpoints().get('/x')!.openSessions().length === 0);
    expect(log).toEqual(['open+']);
    open.resolve();
    await until(() => log.includes('close-'));
    expect(log).toEqual(['open+', 'open-', 'close+3000', 'close-']);
  },
);

describe('a session of a concurrent endpoint', () => {
  it('calls message handlers as messages arrive, also while others are pending', async () => {
    const log: string[] = [];
    const gates = new Map(Array.from({ length: 40 }, (_, index) => [String(index), deferred()]));
    const endpoint = defineEndpoint('/x', {
      concurrent: true,
      async onText(message) {
        log.push(message);
        await gates.get(message)!.promise;
        return message;
      },
      onClose: (_session, reason) => void log.push(`close ${reason.code}`),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    for (const message of gates.keys()) client.send(message);
    await client.settled();
    expect(log).toEqual([...gates.keys()]);
    gates.get('7')!.resolve();
    expect(await client.received(1)).toEqual(['7']);
    await client.close(3000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toHaveLength(40);
    for (const gate of gates.values()) gate.resolve();
    await until(() => log.length === 41);
    expect(log[40]).toBe('close 3000');
  });

  it('waits for its instance, then handles what had come in order', async () => {
    const made = deferred();
    const log: string[] = [];
    class Late {
      onOpen(): void {
        log.push('open');
      }
      onText(message: string): void {
        log.push(message);
      }
    }
    const endpoint = defineEndpoint('/x', Late, {
      concurrent: true,
      configurator: {
        async createInstance(endpointClass) {
          await made.promise;
          return new endpointClass();
        },
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('a');
    client.send('b');
    await client.settled();
    expect(log).toEqual([]);
    made.resolve();
    await until(() => log.length === 3);
    expect(log).toEqual(['open', 'a', 'b']);
  });
});
