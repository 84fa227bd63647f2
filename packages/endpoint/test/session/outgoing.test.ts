// What a session sends besides whole messages: parts, sources, batches, pings and pongs.
import { createConnection, type Socket } from 'node:net';
import { deferred } from '@longwire/test-support/deferred';
import { settled, until } from '@longwire/test-support/until';
import { PreparedMessage, TurnBuffer } from '@longwire/websocket';
import { afterEach, describe, expect, it } from 'vitest';
import { defineEndpoint, type EndpointError, type MessageWriter, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

async function openSession(options: object = {}) {
  const opened = deferred<Session>();
  const errors: EndpointError[] = [];
  const endpoint = defineEndpoint('/x', {
    onOpen: opened.resolve,
    onError: (error) => void errors.push(error as EndpointError),
    ...options,
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  return { serving, client, session: await opened.promise, errors };
}

describe('startMessage', () => {
  it('writes one message in parts, of text or bytes; what is sent meanwhile waits for its end', async () => {
    const { client, session } = await openSession();
    const message = session.startMessage('text');
    await message.write('one ');
    session.send('behind');
    await message.write(Buffer.from('€').subarray(0, 1));
    await message.write(Buffer.from('€').subarray(1));
    await client.settled();
    expect(client.messages).toEqual([]);
    await message.end();
    const bytes = session.startMessage('binary');
    void bytes.write(new Uint8Array([1, 2]));
    void bytes.end();
    expect(await client.received(3)).toEqual(['one €', 'behind', Buffer.from([1, 2])]);
  });

  it.each<[string, (message: MessageWriter, session: Session) => Promise<void>, string]>([
    ['what is no part', (message) => message.write(7 as never), 'invalid_message'],
    ['text in a binary message', (message) => message.write('x'), 'invalid_message'],
    [
      'what comes after its end',
      (message) => {
        void message.end();
        return message.write(Buffer.from('x'));
      },
      'invalid_message',
    ],
    [
      'what comes after the end of the session',
      (message, session) => {
        session.close();
        return message.write(Buffer.from('x'));
      },
      'session_ended',
    ],
  ])('rejects %s, and nobody has to look', async (_what, act, code) => {
    const { session } = await openSession();
    const message = session.startMessage('binary');
    await expect(act(message, session)).rejects.toMatchObject({ name: 'EndpointError', code });
    void act(session.startMessage('binary'), session);
    await settled();
  });
});

describe('sendStream', () => {
  it('sends what a generator, a web stream or a list gives as one message, and resolves with its last part', async () => {
    const { client, session } = await openSession();
    async function* generated() {
      yield 'a';
      await settled();
      yield 'b';
    }
    await session.sendStream('text', generated());
    const blob = new Blob(['0123456789']).stream() as unknown as AsyncIterable<Uint8Array>;
    await session.sendStream('binary', blob);
    await session.sendStream('text', ['c', 'd']);
    await session.sendStream('text', []);
    expect(await client.received(4)).toEqual(['ab', Buffer.from('0123456789'), 'cd', '']);
  });

  it('asks its source for no more than the peer reads', async () => {
    const { client, session } = await openSession();
    let given = 0;
    function* source() {
      for (; given < 400; given++) yield Buffer.alloc(65_536);
    }
    client.socket.pause();
    const sent = session.sendStream('binary', source());
    let last = -1;
    await until(() => {
      const isStill = last === given && given > 0;
      last = given;
      return isStill;
    });
    await settled();
    expect(given).toBeLessThan(400);
    expect(session.bufferedBytes).toBeLessThan(1_048_576);
    client.socket.resume();
    await sent;
    expect((await client.received(1))[0]).toHaveLength(400 * 65_536);
  });

  it('rejects with session_ended when the session ends, reported to nobody else, and returns its source', async () => {
    const { client, session, errors } = await openSession();
    let isReturned = false;
    async function* source() {
      try {
        for (;;) {
          yield 'x';
          await settled();
        }
      } finally {
        isReturned = true;
      }
    }
    const sent = session.sendStream('text', source());
    await client.settled();
    await client.close(3000);
    await expect(sent).rejects.toMatchObject({ code: 'session_ended' });
    expect(isReturned).toBe(true);
    expect(errors).toEqual([]);
  });

  it('that fails before its first part leaves the session open, and what waited behind goes out', async () => {
    const { client, session } = await openSession();
    const sent = session.sendStream(
      'text',
      // biome-ignore lint/correctness/useYield: it fails before it gives anything
      (async function* (): AsyncGenerator<string> {
        await settled();
        throw new Error('no source');
      })(),
    );
    session.send('behind');
    await expect(sent).rejects.toMatchObject({ code: 'stream_failed' });
    expect(await client.received(1)).toEqual(['behind']);
    await client.settled();
  });
});

describe('batch', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** Connects with bare TCP and collects the chunks that arrive. */
  async function chunksOf(port: number): Promise<Buffer[]> {
    const socket = createConnection(port, '127.0.0.1');
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const lines = ['GET /x HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
    socket.write(
      `${[...lines, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'].join('\r\n')}\r\n\r\n`,
    );
    await until(() => chunks.length > 0);
    chunks.length = 0;
    return chunks;
  }

  it('writes what is sent in it together, also over turns', async () => {
    const opened: Session[] = [];
    const serving = await serve([defineEndpoint('/x', { onOpen: (session) => void opened.push(session) })]);
    const chunks = await chunksOf(serving.port);
    const [session] = opened;
    const done = session!.batch(async () => {
      for (const message of ['a', 'b', 'c']) {
        session!.send(message);
        await settled();
      }
      expect(chunks).toEqual([]);
      return 'its result';
    });
    expect(await done).toBe('its result');
    await until(() => chunks.length > 0);
    expect(chunks).toEqual([Buffer.from('810161810162810163', 'hex')]);
  });

  it('gives what its work gives and throws what it throws, having sent what there was', async () => {
    const { client, session, errors } = await openSession();
    expect(session.batch(() => 7)).toBe(7);
    expect(() =>
      session.batch(() => {
        session.send('a');
        throw new Error('broken');
      }),
    ).toThrow('broken');
    await expect(
      session.batch(async () => {
        session.send('b');
        await settled();
        throw new Error('broken later');
      }),
    ).rejects.toThrow('broken later');
    expect(await client.received(2)).toEqual(['a', 'b']);
    expect(errors).toEqual([new Error('broken later')]);
  });

  it('in a batch ends with the outer one, and awaiting a send in it does not wait for ever', async () => {
    const { client, session } = await openSession();
    await session.batch(async () => {
      session.batch(() => session.send('a'));
      await session.sendAsync('b');
      session.send('c');
    });
    expect(await client.received(3)).toEqual(['a', 'b', 'c']);
  });
});

it('pings and pongs carry at most 125 bytes; longer ones reach onError', async () => {
  const { client, session, errors } = await openSession();
  const seen: string[] = [];
  client.socket.on('ping', (data) => seen.push(`ping ${data}`));
  client.socket.on('pong', (data) => seen.push(`pong ${data}`));
  session.ping(Buffer.from('a'));
  session.pong(Buffer.from('b'));
  session.pong();
  await until(() => seen.length === 3);
  expect(seen).toEqual(['ping a', 'pong b', 'pong ']);
  session.pong(new Uint8Array(126));
  expect(errors.map(({ code }) => code)).toEqual(['invalid_payload']);
  await client.close();
  await until(() => !session.isOpen);
  session.pong();
  expect(errors.map(({ code }) => code)).toEqual(['invalid_payload', 'session_ended']);
});

it('follow gets what is appended to a turn buffer, in its place among other sends, until unfollow', async () => {
  const { client, session } = await openSession();
  const turn = new TurnBuffer<Session>();
  const append = (text: string) => turn.append(PreparedMessage.text(text));
  turn.open();
  expect(session.follow(turn, session, 1, 1_000)).toBe(true);
  append('1');
  session.send('2');
  expect([...turn.apart]).toEqual([session]);
  append('not followed');
  expect(session.follow(turn, session, 1, 1_000)).toBe(true);
  append('3');
  session.unfollow(turn);
  append('not followed');
  expect(session.follow(turn, session, 1_001, 1_000)).toBe(false);
  session.send('4');
  expect(await client.received(4)).toEqual(['1', '2', '3', '4']);
  session.close();
  expect(session.follow(turn, session, 1, 1_000)).toBe(false);
});
