// What a session knows and does, and that it never throws, whenever it is asked.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { PreparedMessage } from '@longwire/websocket';
import { describe, expect, it } from 'vitest';
import { defineEndpoint, type EndpointError, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

describe('a session', () => {
  it('knows its handshake, decoded path and query', async () => {
    const opened = deferred<Session<'/chat/{room}/{user}'>>();
    const endpoint = defineEndpoint('/chat/{room}/{user}', { subprotocols: ['v1'], onOpen: opened.resolve });
    const serving = await serve([endpoint]);
    await serving.connect('/chat/a%20b/%E9%B2%8D%E5%8B%83?x=1&x=2&y=%20', {
      protocols: ['v0', 'v1'],
      headers: { 'X-Trace': 't' },
      origin: `http://127.0.0.1:${serving.port}`,
    });
    const session = await opened.promise;
    expect(session.template).toBe('/chat/{room}/{user}');
    expect({ ...session.path }).toEqual({ room: 'a b', user: '鲍勃' });
    expect(session.requestUri).toBe('/chat/a%20b/%E9%B2%8D%E5%8B%83?x=1&x=2&y=%20');
    expect(session.query.getAll('x')).toEqual(['1', '2']);
    expect(session.query.get('y')).toBe(' ');
    expect(session.headers['x-trace']).toBe('t');
    expect(session.handshake.origin).toBe(`http://127.0.0.1:${serving.port}`);
    expect(session.handshake.offeredSubprotocols).toEqual(['v0', 'v1']);
    expect(session.subprotocol).toBe('v1');
    expect(session.extensions).toBe('');
    expect(session.secure).toBe(false);
    expect(session.remoteAddress).toBe('127.0.0.1');
    expect(session.isOpen).toBe(true);
    expect(session.bufferedBytes).toBe(0);
    expect(session.id).toMatch(/^[0-9a-f]{32}$/);
    expect(session.id).toBe(session.id);
  });

  it('has properties and an id of its own', async () => {
    const sessions: Session[] = [];
    const serving = await serve([defineEndpoint('/x', { onOpen: (session) => void sessions.push(session) })]);
    await Promise.all(Array.from({ length: 20 }, () => serving.connect('/x')));
    sessions.forEach((session, index) => {
      session.userProperties.set('index', index);
    });
    expect(sessions.map((session) => session.userProperties.get('index'))).toEqual([...sessions.keys()]);
    expect(new Set(sessions.map((session) => session.id)).size).toBe(20);
  });

  it('sends text, bytes, prepared messages and pings in the order of the calls', async () => {
    const prepared = PreparedMessage.text('prepared');
    const endpoint = defineEndpoint('/x', {
      async onOpen(session) {
        session.send('text');
        session.send(new Uint8Array([1, 2]));
        session.sendPrepared(prepared);
        session.ping(Buffer.from('p'));
        await session.sendAsync('async');
        session.send('after');
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    expect(await client.received(5)).toEqual(['text', Buffer.from([1, 2]), 'prepared', 'async', 'after']);
  });

  it('resolves sendAsync only when the operating system has taken the message', async () => {
    const opened = deferred<Session>();
    const serving = await serve([
      defineEndpoint('/x', { onOpen: opened.resolve, limits: { maxBufferedBytes: 64 * 1024 * 1024 } }),
    ]);
    const client = await serving.connect('/x');
    const session = await opened.promise;
    client.socket.pause();
    let isHandedOver = false;
    const sent = session.sendAsync(Buffer.alloc(32 * 1024 * 1024)).then(() => {
      isHandedOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isHandedOver).toBe(false);
    expect(session.bufferedBytes).toBeGreaterThan(1024 * 1024);
    client.socket.resume();
    await sent;
    expect(session.bufferedBytes).toBe(0);
  });

  it('stops and starts reading', async () => {
    const texts: string[] = [];
    let session!: Session;
    const endpoint = defineEndpoint('/x', {
      onOpen: (opened) => {
        session = opened;
        session.pauseReading();
      },
      onText: (text) => void texts.push(text),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('a');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(texts).toEqual([]);
    session.resumeReading();
    await until(() => texts.length === 1);
  });

  it('drains: onDrain tells when producing may go on', async () => {
    const opened = deferred<Session>();
    const drained = deferred<number>();
    const endpoint = defineEndpoint('/x', {
      limits: { drainBytes: 1024, maxBufferedBytes: 64 * 1024 * 1024 },
      onOpen: opened.resolve,
      onDrain: (session) => drained.resolve(session.bufferedBytes),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    const session = await opened.promise;
    client.socket.pause();
    session.send(Buffer.alloc(16 * 1024 * 1024));
    await until(() => session.bufferedBytes > 0);
    client.socket.resume();
    expect(await drained.promise).toBeLessThanOrEqual(1024);
  });

  it('that is terminated leaves the peer with 1006, and OnClose says who ended it', async () => {
    const closed = deferred<unknown>();
    const serving = await serve([
      defineEndpoint('/x', {
        onOpen: (session) => session.terminate(),
        onClose: (_session, reason) => closed.resolve(reason),
      }),
    ]);
    const client = await serving.connect('/x').catch(() => undefined);
    if (client !== undefined) expect(await client.closed).toMatchObject({ code: 1006 });
    expect(await closed.promise).toMatchObject({ code: 1006, wasClean: false, initiator: 'local' });
  });

  it('reports a close code or reason that may not be sent, and closes with 1000', async () => {
    const errors: unknown[] = [];
    const endpoint = defineEndpoint('/{code}', {
      onText: (_text, session) =>
        session.close(Number(session.path.code), 'ü'.repeat(session.path.code === '3000' ? 100 : 1)),
      onError: (error) => void errors.push(error),
    });
    const serving = await serve([endpoint]);
    for (const code of ['1005', '1006', '0', '5000', '3000']) {
      const client = await serving.connect(`/${code}`);
      client.send('x');
      expect(await client.closed).toMatchObject({ code: 1000 });
    }
    await until(() => errors.length === 5);
  });

  it('tells onError what the peer broke, then onClose', async () => {
    const events: unknown[] = [];
    const endpoint = defineEndpoint('/x', {
      maxTextBytes: 10,
      onError: (error) => void events.push((error as { code: string }).code),
      onClose: (_session, reason) => void events.push(reason.code),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('more than ten bytes');
    expect(await client.closed).toEqual({ code: 1009, reason: 'a text message has at most 10 bytes (maxTextBytes)' });
    await until(() => events.length === 2);
    expect(events).toEqual(['message_too_big', 1009]);
  });
});

describe('after its end a session', () => {
  async function endedSession(handlers: { onError?: (error: unknown, session: Session) => void } = {}) {
    const opened = deferred<Session>();
    const closed = deferred();
    const endpoint = defineEndpoint('/x', {
      onOpen: opened.resolve,
      onClose: () => closed.resolve(),
      ...handlers,
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    await client.close();
    await closed.promise;
    return { serving, session: await opened.promise };
  }

  it('never throws, and reports session_ended for every way to send', async () => {
    const errors: unknown[] = [];
    const { session, serving } = await endedSession({ onError: (error) => void errors.push(error) });
    session.send('x');
    session.send(new Uint8Array(1));
    session.sendPrepared(PreparedMessage.text('x'));
    session.ping();
    session.pauseReading();
    session.resumeReading();
    session.close();
    session.terminate();
    expect(session.isOpen).toBe(false);
    expect(session.bufferedBytes).toBe(0);
    expect(session.openSessions()).toEqual([]);
    expect(errors.map((error) => (error as EndpointError).code)).toEqual(Array(4).fill('session_ended'));
    expect(serving.unhandled).toEqual([]);
  });

  it('reports session_ended to the container when there is no onError', async () => {
    const { session, serving } = await endedSession();
    session.send('x');
    expect(serving.unhandled).toHaveLength(1);
    expect(serving.unhandled[0]).toMatchObject({
      error: { code: 'session_ended' },
      context: { during: 'session', session },
    });
  });

  it('does not go round in circles when onError sends', async () => {
    let calls = 0;
    const { session, serving } = await endedSession({
      onError: (_error, ended) => {
        calls++;
        ended.send('sorry');
      },
    });
    session.send('x');
    expect(calls).toBe(1);
    expect(serving.unhandled.map(({ error }) => (error as EndpointError).code)).toEqual(['session_ended']);
  });

  it('rejects sendAsync with session_ended, which nobody has to handle', async () => {
    const { session } = await endedSession();
    void session.sendAsync('nobody waits');
    await expect(session.sendAsync('x')).rejects.toMatchObject({ name: 'EndpointError', code: 'session_ended' });
  });

  it('reports a reply that came too late, before OnClose', async () => {
    const late = deferred();
    const log: string[] = [];
    const endpoint = defineEndpoint('/x', {
      async onText() {
        await late.promise;
        return 'reply';
      },
      onError: (error) => void log.push((error as EndpointError).code),
      onClose: () => void log.push('close'),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('x');
    await client.settled();
    await client.close();
    await until(() => serving.container.endpoints().get('/x')!.openSessions().length === 0);
    late.resolve();
    await until(() => log.includes('close'));
    expect(log).toEqual(['session_ended', 'close']);
  });

  it('collects one report, not thousands, while its handler hangs', async () => {
    const hanging = deferred();
    const errors: unknown[] = [];
    let session!: Session;
    const endpoint = defineEndpoint('/x', {
      onOpen: (opened) => {
        session = opened;
      },
      onText: () => hanging.promise,
      onError: (error) => void errors.push(error),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('x');
    await client.settled();
    await client.close();
    await until(() => !session.isOpen);
    for (let index = 0; index < 10_000; index++) session.send('broadcast');
    hanging.resolve();
    await until(() => errors.length > 0);
    expect(errors).toHaveLength(1);
  });
});

it('something that is neither text nor bytes is invalid_message for onError', async () => {
  const errors: unknown[] = [];
  const endpoint = defineEndpoint('/x', {
    async onOpen(session) {
      for (const wrong of [7, null, undefined, {}]) session.send(wrong as unknown as string);
      await session.sendAsync({} as unknown as string).catch((error) => errors.push(error));
    },
    onError: (error) => void errors.push(error),
  });
  const serving = await serve([endpoint]);
  await serving.connect('/x');
  await until(() => errors.length === 5);
  expect(errors.map((error) => (error as EndpointError).code)).toEqual(Array(5).fill('invalid_message'));
});

describe('openSessions', () => {
  it('has the sessions of one endpoint that are open, all or by path', async () => {
    const endpoint = defineEndpoint('/chat/{room}', {
      onText: (message, session) => {
        const same = message === 'room' ? session.openSessions({ path: session.path }) : session.openSessions();
        for (const other of same) other.send(`${message} ${other.path.room}`);
      },
    });
    const serving = await serve([endpoint, defineEndpoint('/other', {})]);
    const [a1, a2, b] = await Promise.all(['/chat/a', '/chat/a', '/chat/b%20c'].map((path) => serving.connect(path)));
    await serving.connect('/other');
    const mounted = serving.container.endpoints().get('/chat/{room}')!;
    await until(() => mounted.openSessions().length === 3);
    a1!.send('room');
    a1!.send('all');
    expect(await a1!.received(2)).toEqual(['room a', 'all a']);
    expect(await a2!.received(2)).toEqual(['room a', 'all a']);
    expect(await b!.received(1)).toEqual(['all b c']);
    expect(mounted.openSessions({ path: '/chat/a' })).toHaveLength(2);
    expect(mounted.openSessions({ path: '/chat/b%20c' })).toHaveLength(1);
    expect(mounted.openSessions({ path: '/chat/b c' })).toHaveLength(1);
    expect(mounted.openSessions({ path: { room: 'b c' } })).toHaveLength(1);
    expect(mounted.openSessions({ path: { room: 'nobody' } })).toEqual([]);
    await a2!.close();
    await until(() => mounted.openSessions().length === 2);
    expect(mounted.openSessions({ path: { room: 'a' } })).toHaveLength(1);
  });

  it('a session that is replaced removes itself and nothing else', async () => {
    const users = new Map<string, Session>();
    let online = 0;
    const endpoint = defineEndpoint('/user/{id}', {
      onOpen(session) {
        users.get(session.path.id)?.close(3001, 'replaced');
        users.set(session.path.id, session);
        online++;
      },
      onClose(session) {
        online--;
        if (users.get(session.path.id) === session) users.delete(session.path.id);
      },
    });
    const serving = await serve([endpoint]);
    const older = await serving.connect('/user/a');
    const newer = await serving.connect('/user/a');
    expect(await older.closed).toMatchObject({ code: 3001 });
    await until(() => online === 1);
    const [left] = serving.container.endpoints().get('/user/{id}')!.openSessions();
    expect(users.get('a')).toBe(left);
    left!.send('hello');
    expect(await newer.received(1)).toEqual(['hello']);
  });
});
