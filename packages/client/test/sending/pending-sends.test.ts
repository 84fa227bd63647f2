// Sends: what goes out, when it is repeated, and how each ends.

import { defaultSessionLimits } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { startClient } from '../support/start-client.js';
import { messageAt, type TestSocket, type WireObject } from '../support/test-platform.js';

function sendsOf(socket: TestSocket): WireObject[] {
  return socket.take().filter(({ type }) => type === 'send');
}

function answer(socket: TestSocket, command: WireObject | undefined, offset: number, fields: object = {}): void {
  socket.push({ re: command?.['id'], type: 'sent', channel: command?.['to'], epoch: 'k3', offset, at: 5, ...fields });
}

function refuse(socket: TestSocket, command: WireObject | undefined, fields: object): void {
  socket.push({ re: command?.['id'], type: 'error', message: 'no', retryable: false, ...fields });
}

describe('a send', () => {
  it('resolves with channel, epoch, offset and at when the server has stored it', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const sent = client.user('bob').send({ text: 'hi' });
    const [command] = sendsOf(socket);
    expect(command).toMatchObject({ to: 'user/bob', body: { text: 'hi' } });
    expect(command?.['key']).toMatch(/^[\w-]{22}$/);
    expect(client.pendingSends).toBe(1);
    answer(socket, command, 4);
    expect(await sent).toEqual({ channel: 'user/bob', epoch: 'k3', offset: 4, at: 5, repeated: false });
    expect(client.pendingSends).toBe(0);
  });

  it('sends every option, and bytes as base64', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const replyTo = { epoch: 'k3', offset: 2, body: 'a whole message fits' };
    const options = { key: 'k', slot: 's', headers: { a: 'b' }, contentType: 'text/plain', replyTo, echo: true };
    void client.user('bob').send(new Uint8Array([1, 2, 255]), options);
    const { id: _id, ...command } = { ...socket.last('send') } as Record<string, unknown>;
    expect(command).toEqual({
      type: 'send',
      to: 'user/bob',
      bytes: 'AQL/',
      ...options,
      replyTo: { epoch: 'k3', offset: 2 },
    });
  });

  it('sends the body as it is at the time of the call', async () => {
    const { platform, client } = startClient();
    const body = { text: 'before' };
    void client.user('bob').send(body);
    body.text = 'after';
    expect((await platform.signIn()).last('send')?.['body']).toEqual({ text: 'before' });
  });

  it('waits for the first connection, and is sent in the order of the calls', async () => {
    const { platform, client } = startClient();
    for (let n = 1; n <= 10; n += 1) void client.user(n % 2 === 0 ? 'bob' : 'ann').send(n);
    const socket = await platform.signIn();
    expect(sendsOf(socket).map(({ body }) => body)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('waits while limits.inFlight commands are unanswered', async () => {
    const { platform, client } = startClient();
    for (let n = 1; n <= 10; n += 1) void client.user('bob').send(n);
    const socket = await platform.signIn({ limits: { ...defaultSessionLimits, inFlight: 15 } });
    const first = sendsOf(socket);
    expect(first.map(({ body }) => body)).toEqual([1, 2, 3]);
    answer(socket, first[0], 1);
    answer(socket, first[1], 2);
    expect(sendsOf(socket).map(({ body }) => body)).toEqual([4, 5]);
  });

  it('is repeated before later sends, with since from before its first attempt', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn({ limits: { ...defaultSessionLimits, inFlight: 15 } });
    socket.push(messageAt(7));
    for (let n = 1; n <= 5; n += 1) void client.user('bob').send(n);
    expect(sendsOf(socket)).toHaveLength(3);
    socket.push(messageAt(8));
    socket.end(1006);
    void client.user('bob').send(6);
    const again = await platform.comeBack();
    const repeated = sendsOf(again);
    expect(repeated.map(({ body }) => body)).toEqual([1, 2, 3, 4, 5, 6]);
    const since = { epoch: 'k3', offset: 7 };
    expect(repeated.map((command) => command['since'])).toEqual([since, since, since, undefined, undefined, undefined]);
  });

  it('has the head of the channel at the sign-in as since if nothing of the channel was received', async () => {
    const { platform, client } = startClient();
    const summary = { address: 'user/bob', epoch: 'k3', head: 20, read: 0, unread: 0, visibleFrom: 1 };
    const socket = await platform.signIn({ channels: [summary] });
    void client.user('bob').send('x');
    socket.end(1006);
    // The head of this sign-in may be after the send.
    const again = await platform.comeBack({ channels: [{ ...summary, head: 25 }] });
    expect(again.last('send')?.['since']).toEqual({ epoch: 'k3', offset: 20 });
  });

  it('rejects with the code, message and retryable of the server’s error', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const sent = client.user('bob').send('x', { key: 'k1' });
    refuse(socket, socket.last('send'), { code: 'blocked', message: 'bob has blocked you' });
    await expect(sent).rejects.toMatchObject({
      name: 'LongwireError',
      code: 'blocked',
      message: 'bob has blocked you',
      retryable: false,
      key: 'k1',
    });
  });

  it('is repeated after afterMs of rate_limited, and later sends wait for it', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const first = client.user('bob').send(1);
    refuse(socket, sendsOf(socket)[0], { code: 'rate_limited', retryable: true, afterMs: 3000 });
    void client.user('bob').send(2);
    await platform.clock.advance(2999);
    expect(sendsOf(socket)).toEqual([]);
    await platform.clock.advance(1);
    const repeated = sendsOf(socket);
    expect(repeated.map(({ body }) => body)).toEqual([1, 2]);
    answer(socket, repeated[0], 1, { repeated: true });
    expect(await first).toMatchObject({ offset: 1, repeated: true });
  });

  it('rejects after six attempts with retryable errors without afterMs', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn({ heartbeatMs: 10_000_000 });
    const sent = client.user('bob').send('x');
    const refused = expect(sent).rejects.toMatchObject({ code: 'internal', retryable: true });
    let attempts = 0;
    for (let round = 0; round < 10; round += 1) {
      for (const command of sendsOf(socket)) {
        attempts += 1;
        refuse(socket, command, { code: 'internal', retryable: true });
      }
      await platform.clock.advance(20_000);
    }
    await refused;
    expect(attempts).toBe(6);
  });

  it('rejects with too_large above bodyBytes or commandBytes, without being sent', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const limit = defaultSessionLimits.bodyBytes;
    await expect(client.user('bob').send('x'.repeat(limit - 1))).rejects.toMatchObject({ code: 'too_large' });
    // Each takes three bytes in UTF-8.
    await expect(client.user('bob').send('长'.repeat(limit / 3))).rejects.toMatchObject({ code: 'too_large' });
    await expect(client.user('bob').send(new Uint8Array(limit + 1))).rejects.toMatchObject({ code: 'too_large' });
    expect(sendsOf(socket)).toEqual([]);
    void client.user('bob').send('x'.repeat(limit - 2));
    void client.user('bob').send(new Uint8Array(limit));
    expect(sendsOf(socket)).toHaveLength(2);
  });

  it('rejects with invalid_field if the body is not JSON', async () => {
    const { client } = startClient();
    const circular: { self?: object } = {};
    circular.self = circular;
    for (const body of [undefined, () => 1, 1n, circular]) {
      await expect(client.user('bob').send(body as never)).rejects.toMatchObject({ code: 'invalid_field' });
    }
  });

  it('rejects with outbox_full beyond maxPendingSends and maxPendingBytes', async () => {
    const counted = startClient({ maxPendingSends: 2 });
    void counted.client.user('bob').send(1);
    void counted.client.user('bob').send(2);
    const refused = { code: 'outbox_full', retryable: true, perhapsStored: false };
    await expect(counted.client.user('bob').send(3)).rejects.toMatchObject(refused);
    const weighed = startClient({ maxPendingBytes: 1000 });
    void weighed.client.user('bob').send('x'.repeat(300));
    await expect(weighed.client.user('bob').send('x'.repeat(300))).rejects.toMatchObject(refused);
    // There will never be room for this one.
    const never = { code: 'too_large', retryable: false, perhapsStored: false };
    await expect(weighed.client.user('bob').send('x'.repeat(600))).rejects.toMatchObject(never);
    // The answer makes room.
    const socket = await counted.platform.signIn();
    answer(socket, sendsOf(socket)[0], 1);
    void counted.client.user('bob').send(4);
    expect(sendsOf(socket)).toHaveLength(1);
  });

  it('rejects with aborted when its signal aborts, perhapsStored only if it was sent', async () => {
    const { platform, client } = startClient();
    const waiting = new AbortController();
    const first = client.user('bob').send(1, { signal: waiting.signal });
    waiting.abort(new Error('changed my mind'));
    await expect(first).rejects.toMatchObject({ code: 'aborted', retryable: false, perhapsStored: false });
    const socket = await platform.signIn();
    expect(sendsOf(socket)).toEqual([]);
    const sent = new AbortController();
    const second = client.user('bob').send(2, { signal: sent.signal });
    sent.abort();
    await expect(second).rejects.toMatchObject({ code: 'aborted', retryable: true, perhapsStored: true });
    await expect(client.user('bob').send(3, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    socket.end(1006);
    expect(sendsOf(await platform.comeBack())).toEqual([]);
  });

  it('removes its listener from the signal when it is settled', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
    };
    const sent = client.user('bob').send(1, { signal });
    expect(listeners.size).toBe(1);
    answer(socket, socket.last('send'), 1);
    await sent;
    expect(listeners.size).toBe(0);
  });

  it('rejects with invalid_field, unsent, for bodies and options that are not valid', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const bob = client.user('bob');
    const bodies: [string, unknown][] = [
      ['an ArrayBuffer', new ArrayBuffer(3)],
      ['a Map', new Map([[1, 2]])],
      ['bytes inside', { bytes: new Uint8Array(3) }],
      ['NaN', Number.NaN],
      ['NaN inside', { points: [1, Number.NaN] }],
      ['a hole in an array', [1, undefined]],
      ['a bigint', 1n],
      ['a function inside', { run: () => 1 }],
      ['undefined', undefined],
    ];
    for (const [name, body] of bodies) {
      await expect(bob.send(body as never), name).rejects.toMatchObject({
        name: 'LongwireError',
        code: 'invalid_field',
        message: expect.stringContaining('must be a JSON value or a Uint8Array'),
      });
    }
    const options: unknown[] = [
      null,
      { signal: {} },
      { signal: null },
      { headers: { a: 1n } },
      { replyTo: 5 },
      { Key: 'k' },
    ];
    for (const wrong of options) {
      await expect(bob.send('hi', wrong as never)).rejects.toMatchObject({
        name: 'LongwireError',
        code: 'invalid_field',
      });
    }
    await expect(bob.send('hi', { Key: 'k' } as never)).rejects.toThrowError(/did you mean key\?/);
    expect(client.pendingSends).toBe(0);
    expect(sendsOf(socket)).toEqual([]);
    // What JSON.stringify makes of these is what everybody expects.
    void bob.send({ at: new Date(0), title: undefined, empty: null, points: [1.5] } as never);
    expect(sendsOf(socket).map(({ body }) => body)).toEqual([
      { at: '1970-01-01T00:00:00.000Z', empty: null, points: [1.5] },
    ]);
  });

  it('sends the text given to sendJson unchanged, with a key like every send', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const body = ' {"id":12345678901234567890, "max":1e400,"a":1,"a":2} ';
    const sent = client.user('bob').sendJson(body, { key: 'k1' });
    expect(socket.texts.at(-1)).toBe(`{"id":2,"type":"send","to":"user/bob","key":"k1","body":${body}}`);
    answer(socket, socket.last('send'), 1);
    expect(await sent).toMatchObject({ offset: 1 });
  });

  it('rejects sendJson with invalid_field unless its argument is the text of one JSON value', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    for (const wrong of ['', '{', '1 2', '1,"key":"k2"', 'undefined', '"\ud800"', 5, undefined]) {
      await expect(client.user('bob').sendJson(wrong as never), String(wrong)).rejects.toMatchObject({
        code: 'invalid_field',
        message: expect.stringContaining('must be JSON text'),
      });
    }
    await expect(client.user('bob').sendJson(`"${'x'.repeat(65_535)}"`)).rejects.toMatchObject({ code: 'too_large' });
    expect(sendsOf(socket)).toEqual([]);
  });

  it('throws invalid_field for an invalid user id or address', () => {
    const { client } = startClient();
    const invalid = expect.objectContaining({ name: 'LongwireError', code: 'invalid_field' });
    for (const wrong of [5, undefined, null, {}]) {
      expect(() => client.user(wrong as never)).toThrowError(invalid);
      expect(() => client.channel(wrong as never)).toThrowError(invalid);
    }
    expect(() => client.user('a b')).toThrowError(/not a user id/);
    expect(() => client.channel('bob')).toThrowError(/not an address/);
    expect(client.channel('group/eng').address).toBe('group/eng');
  });
});
