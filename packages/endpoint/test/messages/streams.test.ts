// Messages that reach their handler before they are whole: in parts and as streams.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineEndpoint, type EndpointError, type MessageStream } from '../../src/index.js';
import { serve } from '../serving.js';

function sendFragments(client: WebSocketClient, ...fragments: (string | Buffer)[]): void {
  for (const [index, fragment] of fragments.entries()) {
    client.socket.send(fragment, { fin: index === fragments.length - 1 });
  }
}

describe('messages in parts', () => {
  it('arrive as they are read, and what is returned for the last part is sent', async () => {
    const seen: [string | number, boolean][] = [];
    const endpoint = defineEndpoint('/x', {
      onTextPart(part, isLast) {
        seen.push([part, isLast]);
        return isLast ? 'text answered' : 'not an answer';
      },
      onBinaryPart(part, isLast) {
        seen.push([part.length, isLast]);
        return Promise.resolve(isLast ? part : undefined);
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('a', { fin: false });
    await until(() => seen.length === 1); // though the message has not ended
    client.socket.send('b', { fin: true });
    expect(await client.received(1)).toEqual(['text answered']);
    client.send(Buffer.from('whole'));
    expect(await client.received(2)).toEqual(['text answered', Buffer.from('whole')]);
    expect(seen.map(([part]) => part).filter((part) => part !== '')).toEqual(['a', 'b', 5]);
    expect(seen.filter(([, isLast]) => isLast)).toHaveLength(2);
  });

  it('wait for their handler like messages: one part at a time', async () => {
    let running = 0;
    let text = '';
    const endpoint = defineEndpoint('/x', {
      async onTextPart(part, isLast) {
        expect(running++).toBe(0);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        text += part;
        return isLast ? text : undefined;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    sendFragments(client, ...Array.from({ length: 100 }, (_, index) => `${index} `));
    expect(await client.received(1)).toEqual([Array.from({ length: 100 }, (_, index) => `${index} `).join('')]);
  });
});

describe('messages as streams', () => {
  it('are read part by part; the next message waits for the end of this one and of its handler', async () => {
    const log: string[] = [];
    const gate = deferred();
    const endpoint = defineEndpoint('/x', {
      async onTextStream(message) {
        let text = '';
        for await (const part of message) {
          log.push(part);
          text += part;
        }
        log.push('end');
        if (text === 'ab') await gate.promise;
        return text;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('a', { fin: false });
    await until(() => log.length === 1);
    client.socket.send('b', { fin: true });
    client.send('c');
    client.send('');
    await client.settled();
    expect(log).toEqual(['a', 'b', 'end']);
    gate.resolve();
    expect(await client.received(3)).toEqual(['ab', 'c', '']);
  });

  it('are web streams as well', async () => {
    const endpoint = defineEndpoint('/x', {
      async onBinaryStream(message) {
        let bytes = 0;
        const counting = new WritableStream<Uint8Array>({
          write(part) {
            bytes += part.length;
          },
        });
        await message.readable.pipeTo(counting as never);
        return String(bytes);
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    sendFragments(client, Buffer.alloc(70_000), Buffer.alloc(0), Buffer.alloc(5));
    expect(await client.received(1)).toEqual(['70005']);
  });

  it('hold their sender back while nobody reads, with 64 KiB read ahead, and lose nothing', async () => {
    const message = deferred<MessageStream<Uint8Array>>();
    const gate = deferred();
    const endpoint = defineEndpoint('/x', {
      maxBinaryBytes: 64 * 1_048_576,
      async onBinaryStream(stream) {
        message.resolve(stream);
        await gate.promise;
        let bytes = 0;
        for await (const part of stream) bytes += part.length;
        return String(bytes);
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    const sentBytes = 32 * 1_048_576;
    client.socket.send(Buffer.alloc(sentBytes));
    await message.promise;
    expect(await client.isRead(300)).toBe(false);
    // What the kernel's buffers do not hold stays with the sender.
    expect(client.socket.bufferedAmount).toBeGreaterThan(8 * 1_048_576);
    gate.resolve();
    expect(await client.received(1)).toEqual([String(sentBytes)]);
  });

  it.each<[string, (message: MessageStream<string>) => unknown]>([
    ['returns without reading', () => 'done'],
    [
      'breaks off',
      async (message) => {
        for await (const _part of message) break;
        return 'done';
      },
    ],
    [
      'cancels the web stream',
      async (message) => {
        await message.readable.cancel();
        return 'done';
      },
    ],
  ])('whose handler %s are passed over to their end', async (_what, read) => {
    const log: string[] = [];
    const endpoint = defineEndpoint('/x', {
      onTextStream(message) {
        log.push('begun');
        return read(message) as string;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('x'.repeat(200_000), { fin: false });
    expect(await client.received(1)).toEqual(['done']);
    client.socket.send('x'.repeat(200_000), { fin: false });
    await client.settled();
    expect(log).toEqual(['begun']);
    client.socket.send('', { fin: true });
    client.send('next');
    expect(await client.received(2)).toEqual(['done', 'done']);
    expect(log).toEqual(['begun', 'begun']);
  });

  it.each<[string, (client: WebSocketClient) => void, (code: number) => boolean]>([
    ['the peer is gone', (client) => client.socket.terminate(), (code) => code === 1006],
    ['the peer closes in the middle', (client) => client.socket.close(3000), (code) => code === 3000],
    [
      'the message grows too big',
      (client) => client.socket.send('x'.repeat(200), { fin: false }),
      (code) => code === 1009,
    ],
  ])('fail with session_ended when %s; onError hears it once, then onClose', async (_what, end, isCode) => {
    const events: string[] = [];
    const begun = deferred();
    let code = 0;
    const endpoint = defineEndpoint('/x', {
      maxTextBytes: 100,
      async onTextStream(message) {
        begun.resolve();
        for await (const part of message) events.push(part);
      },
      onError: (error) => void events.push((error as EndpointError).code),
      onClose(_session, reason) {
        events.push('close');
        code = reason.code;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('a', { fin: false });
    await begun.promise;
    end(client);
    await until(() => events.includes('close'));
    expect(events.filter((event) => event === 'session_ended')).toHaveLength(1);
    expect(events.at(-1)).toBe('close');
    expect(isCode(code)).toBe(true);
  });

  it('hold their sender back while 16 wait for their handler, also if each of them comes in parts', async () => {
    const first = deferred();
    let handled = 0;
    const endpoint = defineEndpoint('/x', {
      async onTextStream(message) {
        await first.promise;
        for await (const _part of message);
        handled++;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    for (let index = 0; index < 100; index++) {
      client.socket.send('a', { fin: false });
      await new Promise((resolve) => setImmediate(resolve));
      client.socket.send('b', { fin: true });
      if (index === 10) expect(await client.isRead(2_000)).toBe(true);
    }
    expect(await client.isRead()).toBe(false);
    first.resolve();
    await until(() => handled === 100);
    expect(await client.isRead(2_000)).toBe(true);
  });

  it('go on however many pongs arrive in the middle of one', async () => {
    const pongs: string[] = [];
    const begun = deferred();
    const endpoint = defineEndpoint('/x', {
      async onTextStream(message) {
        let text = '';
        for await (const part of message) {
          text += part;
          begun.resolve();
        }
        return text;
      },
      onPong: (payload) => void pongs.push(Buffer.from(payload).toString()),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('a', { fin: false });
    await begun.promise;
    for (let index = 0; index < 200; index++) client.socket.pong(String(index));
    client.socket.send('b', { fin: true });
    expect(await client.received(1)).toEqual(['ab']);
    await client.settled();
    client.socket.pong('last');
    await until(() => pongs.includes('last'));
    expect(pongs.length).toBeLessThan(20);
  });

  it('give the same text and the same answers however it is fragmented', async () => {
    const endpoint = defineEndpoint('/x', {
      async onTextStream(message) {
        let text = '';
        for await (const part of message) text += part;
        return text;
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), fc.nat(9), async (texts, cut) => {
        client.messages.length = 0;
        for (const whole of texts) {
          const bytes = Buffer.from(whole);
          // Also in the middle of a character.
          const pieces = [bytes.subarray(0, cut), bytes.subarray(cut, cut + 1), bytes.subarray(cut + 1)];
          for (const [index, piece] of pieces.entries()) {
            client.socket.send(piece, { fin: index === 2, binary: false });
          }
        }
        expect(await client.received(texts.length)).toEqual(texts.map((whole) => Buffer.from(whole).toString()));
      }),
      { numRuns: 50 },
    );
  });

  it('fail at once when the program closes the session', async () => {
    const codes: string[] = [];
    const endpoint = defineEndpoint('/x', {
      async onTextStream(message, session) {
        for await (const _part of message) session.close(3001);
      },
      onError: (error) => void codes.push((error as EndpointError).code),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.socket.send('a', { fin: false });
    expect(await client.closed).toMatchObject({ code: 3001 });
    await until(() => codes.length === 1);
    expect(codes).toEqual(['session_ended']);
  });
});
