// One message to many: encoded once, and no receiver can hurt another.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import { PreparedMessage } from '@longwire/websocket';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Broadcast,
  type BroadcastOptions,
  type CloseCause,
  type ContainerOptions,
  defineEndpoint,
  type Encoder,
  jsonEncoder,
  type Session,
} from '../../src/index.js';
import { type Serving, serve } from '../serving.js';
import { expectNoUnhandledRejection, faultOfAnswer, waysToFail } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

afterEach(() => {
  vi.restoreAllMocks();
});

/** An endpoint whose sessions all join one broadcast; what a client sends goes to all. */
async function room(
  options: BroadcastOptions = {},
  further: { onError?: (error: unknown) => void; encoders?: readonly Encoder[] } = {},
  container: ContainerOptions = {},
) {
  const broadcast = new Broadcast<'/room'>(options);
  const sessions: Session<'/room'>[] = [];
  const ended: { code: number; cause: CloseCause; size: number }[] = [];
  const endpoint = defineEndpoint('/room', {
    onOpen(session) {
      sessions.push(session);
      broadcast.add(session);
    },
    onText: (text) => void broadcast.send(text),
    onClose: (_session, { code, cause }) => void ended.push({ code, cause, size: broadcast.size }),
    ...further,
  });
  const serving = await serve([endpoint], container);
  const join = async (count: number): Promise<WebSocketClient[]> => {
    const clients: WebSocketClient[] = [];
    for (let i = 0; i < count; i++) {
      clients.push(await serving.connect('/room'));
      await until(() => sessions.length === clients.length);
    }
    return clients;
  };
  return { broadcast, sessions, ended, serving, join };
}

/** Makes a receiver stand still until more than a megabyte waits for it. */
async function stall(client: WebSocketClient, session: Session<'/room'>): Promise<number> {
  client.socket.pause();
  let sent = 0;
  while (session.bufferedBytes <= 1_048_576) {
    session.send('x'.repeat(200_000));
    sent++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

it('everybody gets every message in order, the sender too', async () => {
  const { broadcast, join } = await room();
  const clients = await join(3);
  clients[0]!.send('a');
  await clients[2]!.received(1);
  clients[1]!.send('b');
  for (const client of clients) expect(await client.received(2)).toEqual(['a', 'b']);
  expect(broadcast.send(new Uint8Array([1, 2]))).toEqual({ sent: 3, skipped: 0, closed: 0 });
  for (const client of clients) expect((await client.received(3))[2]).toEqual(Buffer.from([1, 2]));
});

it('a message is encoded once for all receivers', async () => {
  const { broadcast, join } = await room();
  const clients = await join(5);
  const encode = vi.spyOn(PreparedMessage, 'text');
  broadcast.send('once');
  await broadcast.sendAndWait('twice');
  expect(encode).toHaveBeenCalledTimes(2);
  const prepared = PreparedMessage.text('made before');
  broadcast.send(prepared);
  for (const client of clients) expect(await client.received(3)).toEqual(['once', 'twice', 'made before']);
});

it('objects are encoded once, at once or when their promise is fulfilled; an encoder that fails sends nothing', async () => {
  const { broadcast, join } = await room();
  const clients = await join(2);
  const encode = vi.fn((value: { price: number }) => JSON.stringify(value));
  await broadcast.sendObject({ price: 1 }, { encode });
  expect(encode).toHaveBeenCalledTimes(1);
  await broadcast.sendObject({ price: 2 }, { encode: async (value) => JSON.stringify(value) });
  const failing = {
    encode() {
      throw new Error('cannot');
    },
  };
  await expect(broadcast.sendObject({}, failing)).rejects.toThrow('cannot');
  await broadcast.sendObject({ price: 3 }, jsonEncoder);
  const prices = ['{"price":1}', '{"price":2}', '{"price":3}'];
  for (const client of clients) expect(await client.received(3)).toEqual(prices);
});

describe('except', () => {
  it('is one session, several, or a question about each', async () => {
    const { broadcast, sessions, join } = await room();
    const [a, b, c] = await join(3);
    expect(broadcast.send('1', { except: sessions[0]! })).toEqual({ sent: 2, skipped: 0, closed: 0 });
    expect(broadcast.send('2', { except: new Set(sessions.slice(0, 2)) }).sent).toBe(1);
    expect(broadcast.send('3', { except: (session) => session !== sessions[0] }).sent).toBe(1);
    expect(await a!.received(1)).toEqual(['3']);
    expect(await b!.received(1)).toEqual(['1']);
    expect(await c!.received(2)).toEqual(['1', '2']);
  });

  it('that throws reaches the caller before anybody got anything', async () => {
    const { broadcast, sessions, join } = await room();
    const clients = await join(3);
    const except = (session: Session<'/room'>): boolean => {
      if (session === sessions[2]) throw new Error('what a question');
      return false;
    };
    expect(() => broadcast.send('half', { except })).toThrow('what a question');
    broadcast.send('whole');
    for (const client of clients) expect(await client.received(1)).toEqual(['whole']);
  });
});

describe.each(['returned', 'left alone'] as const)('a fault while what is sent is %s by the handler', (use) => {
  const inHandler = async (work: (room: Broadcast<'/x'>) => unknown) => {
    const broadcast = new Broadcast<'/x'>();
    const errors: unknown[] = [];
    const endpoint = defineEndpoint('/x', {
      onOpen: (session) => void broadcast.add(session),
      onText(text) {
        if (text !== 'fail') return void broadcast.send(text);
        const sent = work(broadcast);
        return use === 'returned' ? (sent as Promise<never>) : undefined;
      },
      onError: (error) => void errors.push(error),
    });
    const serving = await serve([endpoint]);
    const [failing, healthy] = [await serving.connect('/x'), await serving.connect('/x')];
    await until(() => broadcast.size === 2);
    failing.send('fail');
    await failing.settled();
    healthy.send('still here');
    for (const client of [failing, healthy]) expect(await client.received(1)).toEqual(['still here']);
    expect(serving.unhandled).toEqual([]);
    return errors;
  };

  it.each(waysToFail)('in an encoder that $form with $what hurts nobody', async ({ fail, value }) => {
    const errors = await inHandler((room) => room.sendObject({}, { encode: fail(value) }));
    expect(errors).toEqual(use === 'returned' ? [value] : []);
  });

  it.each(waysToFail)('in except that $form with $what hurts nobody', async ({ form, fail, value }) => {
    const fault = faultOfAnswer(form, value);
    expect(await inHandler((room) => room.send('x', { except: fail(value) }))).toEqual([fault]);
    const errors = await inHandler((room) => room.sendAndWait('x', { except: fail(value) }));
    expect(errors).toEqual(use === 'returned' ? [fault] : []);
  });
});

describe('members', () => {
  it('leave by themselves when they end, before their onClose, and out of every broadcast', async () => {
    const { broadcast, sessions, ended, join } = await room();
    const [a, b, c] = await join(3);
    const other = new Broadcast<'/room'>();
    for (const session of sessions) other.add(session);
    for (let time = 0; time < 2; time++) other.delete(sessions[2]!);
    expect([...other]).toEqual(sessions.slice(0, 2));
    await a!.close(3000);
    await until(() => ended.length === 1);
    expect(ended).toEqual([{ code: 3000, cause: 'closed', size: 2 }]);
    expect([...broadcast]).toEqual([sessions[1], sessions[2]]);
    expect([...other]).toEqual([sessions[1]]);
    b!.socket.terminate();
    await until(() => ended.length === 2);
    expect([...broadcast]).toEqual([sessions[2]]);
    expect(other.size).toBe(0);
    broadcast.send('who is left');
    expect(await c!.received(1)).toEqual(['who is left']);
    expect(broadcast.has(sessions[0]!)).toBe(false);
  });

  it('that have begun to close are not added and get nothing', async () => {
    const { broadcast, sessions, join } = await room();
    const [a, b] = await join(2);
    broadcast.delete(sessions[0]!);
    sessions[0]!.close();
    sessions[1]!.close();
    expect(broadcast.add(sessions[0]!).has(sessions[0]!)).toBe(false);
    expect(broadcast.send('too late')).toEqual({ sent: 0, skipped: 0, closed: 0 });
    await Promise.all([a!.closed, b!.closed]);
    expect([a!.messages, b!.messages]).toEqual([[], []]);
    await until(() => broadcast.size === 0);
  });

  it('may be removed while a message is sent: who was before them is not sent twice, who is after them is not missed', async () => {
    // Sending to the second takes the first, itself and the third out.
    const messageSent = (receiver: Session): void => {
      if (receiver !== (sessions[1] as unknown)) return;
      for (const session of sessions.slice(0, 3)) broadcast.delete(session);
    };
    const { broadcast, sessions, join } = await room({}, {}, { observer: { messageSent } });
    const clients = await join(4);
    expect(broadcast.send('x').sent).toBe(3);
    broadcast.send('y');
    expect(await clients[3]!.received(2)).toEqual(['x', 'y']);
    await Promise.all(clients.map((client) => client.settled()));
    expect(clients.map((client) => client.messages)).toEqual([['x'], ['x'], [], ['x', 'y']]);
  });
});

it('a receiver that is cut off, one that is closing and one whose onError throws hurt nobody', async () => {
  const { broadcast, sessions, serving, join } = await room(
    {},
    {
      onError() {
        throw new Error('onError');
      },
    },
  );
  const clients = await join(5);
  clients[1]!.socket.terminate();
  sessions[2]!.close(3001);
  // Its error handler runs, and throws, in the middle of the next send: its queue passes the engine's limit.
  clients[3]!.socket.pause();
  sessions[3]!.send('x'.repeat(4 * 1_048_576 - 1_000));
  const slowFirst = new Broadcast<'/room'>({ slow: 'wait' });
  for (const session of [sessions[3]!, sessions[0]!, sessions[4]!]) slowFirst.add(session);
  expect(slowFirst.send('y'.repeat(2_000))).toEqual({ sent: 2, skipped: 0, closed: 1 });
  broadcast.send('z');
  for (const client of [clients[0]!, clients[4]!]) {
    expect((await client.received(2)).map((message) => message.length)).toEqual([2_000, 1]);
  }
  expect(serving.unhandled.map(({ error }) => (error as Error).message)).toEqual(['onError']);
});

describe('a receiver that reads too slowly', () => {
  it('is closed with 1008 by default, and the others have the message at once', async () => {
    const { broadcast, sessions, ended, join } = await room();
    const [slow, quick] = await join(2);
    await stall(slow!, sessions[0]!);
    expect(broadcast.send('news')).toEqual({ sent: 1, skipped: 0, closed: 1 });
    expect(await quick!.received(1)).toEqual(['news']);
    slow!.socket.resume();
    expect(await slow!.closed).toEqual({ code: 1008, reason: 'too slow' });
    expect(slow!.messages).not.toContain('news');
    await until(() => ended.length === 1);
    expect(ended).toEqual([{ code: 1008, cause: 'slow_consumer', size: 1 }]);
  });

  it('misses the message under "skip", stays, and gets the next one once it reads again', async () => {
    const { broadcast, sessions, join } = await room({ slow: 'skip' });
    const [slow, quick] = await join(2);
    const before = await stall(slow!, sessions[0]!);
    expect(broadcast.send('price 1')).toEqual({ sent: 1, skipped: 1, closed: 0 });
    expect(await quick!.received(1)).toEqual(['price 1']);
    slow!.socket.resume();
    await slow!.received(before);
    await until(() => sessions[0]!.bufferedBytes === 0);
    expect(broadcast.send('price 2')).toEqual({ sent: 2, skipped: 0, closed: 0 });
    expect((await slow!.received(before + 1)).at(-1)).toBe('price 2');
    expect(await quick!.received(2)).toEqual(['price 1', 'price 2']);
  });

  it('gets everything in order under "wait" if it reads on in time', async () => {
    const { broadcast, sessions, join } = await room({ slow: 'wait' });
    const [slow, quick] = await join(2);
    const before = await stall(slow!, sessions[0]!);
    let isTaken = false;
    const waiting = broadcast.sendAndWait('a').then((result) => {
      isTaken = true;
      return result;
    });
    expect(broadcast.send('b')).toEqual({ sent: 2, skipped: 0, closed: 0 });
    expect(broadcast.send('c').sent).toBe(2);
    expect(await quick!.received(3)).toEqual(['a', 'b', 'c']);
    expect(isTaken).toBe(false);
    slow!.socket.resume();
    expect(await waiting).toEqual({ sent: 2, skipped: 0, closed: 0 });
    expect((await slow!.received(before + 3)).slice(before)).toEqual(['a', 'b', 'c']);
  });

  it.each(['send', 'sendAndWait'] as const)('is closed with 1008 after waitMs under "wait" (%s)', async (send) => {
    const { broadcast, sessions, ended, join } = await room({ slow: 'wait', waitMs: 50 });
    const [slow, quick] = await join(2);
    await stall(slow!, sessions[0]!);
    const result = await broadcast[send]('a');
    expect(result).toEqual(send === 'send' ? { sent: 2, skipped: 0, closed: 0 } : { sent: 1, skipped: 0, closed: 1 });
    expect(await quick!.received(1)).toEqual(['a']);
    await until(() => !sessions[0]!.isOpen);
    slow!.socket.resume();
    expect(await slow!.closed).toEqual({ code: 1008, reason: 'too slow' });
    await until(() => ended.length === 1);
    quick!.send('still here');
    expect(await quick!.received(2)).toEqual(['a', 'still here']);
  });

  it('does not hold sendAndWait up when it ends meanwhile, and counts as neither', async () => {
    const { broadcast, sessions, join } = await room({ slow: 'wait' });
    const [slow] = await join(2);
    await stall(slow!, sessions[0]!);
    const waiting = broadcast.sendAndWait('a');
    slow!.socket.terminate();
    expect(await waiting).toEqual({ sent: 1, skipped: 0, closed: 0 });
  });
});

it('a receiver with an object that is still being encoded gets the message behind it, the others at once', async () => {
  const encoded = deferred<string>();
  const { broadcast, sessions, join } = await room(
    {},
    { encoders: [{ willEncode: () => true, encode: () => encoded.promise }] },
  );
  const [busy, idle] = await join(2);
  sessions[0]!.sendObject({});
  expect(broadcast.send('x')).toEqual({ sent: 2, skipped: 0, closed: 0 });
  expect(await idle!.received(1)).toEqual(['x']);
  expect(sessions[0]!.bufferedBytes).toBeGreaterThan(0);
  encoded.resolve('object');
  expect(await busy!.received(2)).toEqual(['object', 'x']);
  sessions[0]!.close();
  expect(broadcast.send('y')).toEqual({ sent: 1, skipped: 0, closed: 0 });
});

it('a compressing receiver gets a compressed message, a plain one a plain one, from one encoding', async () => {
  const broadcast = new Broadcast();
  const endpoint = defineEndpoint('/room', {
    limits: { perMessageDeflate: true },
    onOpen: (session) => void broadcast.add(session),
  });
  const serving: Serving = await serve([endpoint]);
  const compressing = await serving.connect('/room', { perMessageDeflate: true });
  const plain = await serving.connect('/room', { perMessageDeflate: false });
  await until(() => broadcast.size === 2);
  const text = 'long wire '.repeat(1_000);
  broadcast.send(text);
  expect(await compressing.received(1)).toEqual([text]);
  expect(await plain.received(1)).toEqual([text]);
});

it('wrong options and messages are refused with what would be right', () => {
  expect(() => new Broadcast({ slowly: 'skip' } as BroadcastOptions)).toThrow('did you mean "slow"?');
  expect(() => new Broadcast({ slow: 'drop' } as unknown as BroadcastOptions)).toThrow('"close", "skip" or "wait"');
  expect(() => new Broadcast({ waitMs: 0 })).toThrow('waitMs is a whole number');
  expect(() => new Broadcast({ maxBufferedBytes: -1 })).toThrow('maxBufferedBytes is a whole number');
  expect(() => new Broadcast().send({} as string)).toThrow(expect.objectContaining({ code: 'invalid_message' }));
  expect(() => new Broadcast(null as never)).toThrow('options are an object, not null');
  const empty = new Broadcast().send('nobody');
  expect(empty).toEqual({ sent: 0, skipped: 0, closed: 0 });
});

describe('options of a message that would send it to whom it was not meant for are refused', () => {
  const text = 'not for everybody';
  it.each<[what: string, options: unknown, code: string, sentence: string]>([
    ['a misspelt except', { exept: () => true }, 'unknown_option', 'did you mean "except"?'],
    ['no object', null, 'invalid_option', 'not null'],
    ['a function in place of options', () => true, 'invalid_option', 'not a function'],
    ['except with the id of a session', { except: '0123' }, 'invalid_option', 'not a string'],
    ['except with null', { except: null }, 'invalid_option', 'not null'],
    ['except with an object that is no session', { except: {} }, 'invalid_option', 'not an object'],
  ])('%s', async (_what, options, code, sentence) => {
    const refusal = expect.objectContaining({ code, message: expect.stringContaining(sentence) });
    const { broadcast, join, serving } = await room();
    const [client] = await join(1);
    expect(() => broadcast.send(text, options as never)).toThrow(refusal);
    await expect(broadcast.sendAndWait(text, options as never)).rejects.toThrow(refusal);
    await expect(broadcast.sendObject({ text }, jsonEncoder, options as never)).rejects.toThrow(refusal);
    await client!.settled();
    expect(client!.messages).toEqual([]);
    await serving.close();
  });
});

it('only sessions are members', () => {
  const broadcast = new Broadcast();
  for (const wrong of [{}, null, undefined, 'id', new Set()]) {
    expect(() => broadcast.add(wrong as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining('expected a session') }),
    );
  }
  expect(broadcast.size).toBe(0);
  expect(broadcast.send('nobody is hurt')).toEqual({ sent: 0, skipped: 0, closed: 0 });
});
