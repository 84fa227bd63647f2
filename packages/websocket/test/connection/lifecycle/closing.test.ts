import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { dial } from '../../../src/handshake/dial.js';
import type { WebSocketOptions } from '../../../src/options.js';
import { hex, maskedFrame, toHex } from '../../support/hex.js';
import { HandlerLog, LiveServer, RawPeer } from '../../support/live.js';

let server: LiveServer;

async function start(options: WebSocketOptions = {}): Promise<void> {
  server = await LiveServer.start(options);
}

/** A server for a test that runs beside others. */
async function startOwn({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<LiveServer> {
  const own = await LiveServer.start();
  onTestFinished(() => own.stop());
  return own;
}

async function closedOnce(server: LiveServer): Promise<HandlerLog> {
  await until(() => server.log.closes.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(server.log.closes).toHaveLength(1);
  expect(server.log.order.at(-1)).toBe('close');
  return server.log;
}

const close = (code: number, reason = ''): Buffer =>
  maskedFrame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

describe('the closing handshake, RFC 6455 §7', () => {
  afterEach(() => server.stop());

  it('answers a Close frame with its code and ends TCP first', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    peer.send(close(3001, 'bye'));
    await until(() => peer.hasEnded);
    expect(peer.hex).toBe('88 02 0b b9');
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toEqual({
      code: 3001,
      reason: 'bye',
      wasClean: true,
      initiator: 'remote',
      error: undefined,
    });
  });

  it('drops what is queued with dropQueued, but ends the frame that is on the wire in part', async () => {
    await start({ closeTimeoutMs: 60_000, maxBufferedBytes: 10_000_000 });
    const peer = await RawPeer.open(server.port);
    peer.socket.pause();
    const connection = await server.connection();
    // More than both kernels take: the first is begun, the second has to wait behind it.
    connection.sendBinary(Buffer.alloc(8_000_000));
    const second = connection.sendTextAsync('second').catch((error: unknown) => error);
    await until(() => connection.bufferedBytes > 0 && connection.bufferedBytes < 8_000_000, 'a frame begun');
    connection.close(4004, 'slow', { dropQueued: true });
    expect(await second).toMatchObject({ code: 'connection_ended' });
    peer.socket.resume();
    await until(() => peer.received.length >= 8_000_000 + 18);
    expect(toHex(peer.received.subarray(8_000_000 + 10))).toBe('88 06 0f a4 73 6c 6f 77');
    peer.send(close(4004));
    peer.socket.end();
    await closedOnce(server);
  });

  it('answers an empty Close frame with an empty one', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    peer.send(maskedFrame(0x88, ''));
    await until(() => peer.hasEnded);
    expect(peer.hex).toBe('88 00');
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toMatchObject({ code: 1005, wasClean: true });
  });

  it('sends what was queued, then Close, and ends TCP when the answer has come', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    const connection = await server.connection();
    connection.sendText('a');
    connection.close(1001, 'x');
    expect(connection.state).toBe('closing');
    expect(connection.sendText('b')).toBe(false);
    expect(connection.ping()).toBe(false);
    connection.close(3000);
    expect(await peer.receives(8)).toBe('81 01 61 88 03 03 e9 78');
    expect(peer.hasEnded).toBe(false);
    peer.send(close(1001));
    await until(() => peer.hasEnded);
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toMatchObject({ code: 1001, initiator: 'local', wasClean: true });
    expect(connection.state).toBe('closed');
  });

  it('still hands over what comes between its Close and the answer', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    (await server.connection()).close();
    peer.send(maskedFrame(0x81, 'late'));
    peer.send(close(1000));
    peer.socket.end();
    expect((await closedOnce(server)).texts).toEqual(['late']);
  });

  it('reports close_timeout for a peer that never answers its Close frame, after closeTimeoutMs', async () => {
    await start({ closeTimeoutMs: 60 });
    await RawPeer.open(server.port);
    (await server.connection()).close(1000, 'x');
    expect((await closedOnce(server)).closes[0]).toMatchObject({
      code: 1006,
      wasClean: false,
      initiator: 'local',
      error: { code: 'close_timeout' },
    });
  });

  it('drops a peer that answers but does not end TCP, and calls that clean', async () => {
    await start({ closeTimeoutMs: 60 });
    const peer = await RawPeer.open(server.port);
    peer.send(close(1000));
    expect((await closedOnce(server)).closes[0]).toMatchObject({ code: 1000, wasClean: true, error: undefined });
  });

  it('handles both sides closing at once', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    (await server.connection()).close(4000);
    peer.send(close(4001));
    await until(() => peer.hasEnded);
    expect(peer.hex).toBe('88 02 0f a0');
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toMatchObject({ code: 4001, initiator: 'local', wasClean: true });
  });

  it('closes cleanly from the client as well', async () => {
    await start();
    const log = new HandlerLog();
    const client = await dial(server.url, { handler: log });
    client.close(3000, 'done');
    await until(() => log.closes.length === 1 && server.log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({ code: 3000, wasClean: true, initiator: 'local' });
    expect(server.log.closes[0]).toMatchObject({ code: 3000, reason: 'done', wasClean: true, initiator: 'remote' });
  });

  it('refuses codes and reasons that must not be sent, and stays open', async () => {
    await start();
    await RawPeer.open(server.port);
    const connection = await server.connection();
    expect(() => connection.close(1005)).toThrowError(expect.objectContaining({ code: 'invalid_close_code' }));
    expect(() => connection.close(1000, 'x'.repeat(124))).toThrowError(
      expect.objectContaining({ code: 'invalid_close_reason' }),
    );
    expect(connection.state).toBe('open');
  });
});

describe('faults of the peer', () => {
  // Side by side: each waits for the end of a peer that does not end by itself.
  it.concurrent.for([
    ['an unmasked frame', '81 01 61', 1002, 'mask_required'],
    ['RSV1 without an extension', 'c1', 1002, 'reserved_bits'],
    ['a reserved opcode', '83', 1002, 'reserved_opcode'],
    ['a one-byte Close', '88 81 00 00 00 00 03', 1002, 'close_payload_invalid'],
    ['Close code 1005', '88 82 00 00 00 00 03 ed', 1002, 'close_payload_invalid'],
    ['a Close reason that is not UTF-8', '88 83 00 00 00 00 03 e8 ff', 1007, 'invalid_utf8'],
    ['text that is not UTF-8', '81 83 00 00 00 00 61 ff', 1007, 'invalid_utf8'],
    ['a message that is too big', '82 ff 00 00 00 00 ff ff ff ff', 1009, 'message_too_big'],
  ] as const)('tells %s with its code and ends TCP within a second', async ([_title, bytes, code, error], test) => {
    const server = await startOwn(test);
    const peer = await RawPeer.open(server.port);
    const start0 = Date.now();
    peer.send(hex(bytes));
    await until(() => peer.hasEnded);
    expect(peer.received.readUInt8(0)).toBe(0x88);
    expect(peer.received.readUInt16BE(2)).toBe(code);
    const log = await closedOnce(server);
    expect(Date.now() - start0).toBeLessThan(stretched(1500));
    expect(log.errors.map((fault) => fault.code)).toEqual([error]);
    expect(log.closes[0]).toMatchObject({ code, wasClean: false, initiator: 'local', error: { code: error } });
  });

  it('drops what is queued when it fails a connection, but never cuts a frame', async ({ onTestFinished }) => {
    await start({ socketWrites: 'auto' });
    onTestFinished(() => server.stop());
    const peer = await RawPeer.open(server.port);
    const connection = await server.connection();
    connection.sendText('never sent');
    peer.send(hex('83'));
    connection.flush();
    connection.sendText('dropped');
    await until(() => peer.hasEnded);
    expect(peer.received.includes('never sent')).toBe(true);
  });
});

describe('ends without a closing handshake', () => {
  afterEach(() => server.stop());

  it('reports a FIN without Close as 1006 from the remote side', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toMatchObject({
      code: 1006,
      initiator: 'remote',
      wasClean: false,
      error: { code: 'connection_lost' },
    });
  });

  it('reports a TCP reset as 1006 with initiator none, after onError', async () => {
    await start();
    const peer = await RawPeer.open(server.port);
    await server.connection();
    peer.socket.resetAndDestroy();
    const log = await closedOnce(server);
    expect(log.closes[0]).toMatchObject({ code: 1006, initiator: 'none', error: { code: 'connection_lost' } });
    expect(log.order).toEqual(['error', 'close']);
  });

  it('terminates at once, from inside a handler too', async () => {
    await start();
    server.log.onText = (connection) => connection.terminate();
    const peer = await RawPeer.open(server.port);
    peer.send(Buffer.concat([maskedFrame(0x81, 'a'), maskedFrame(0x81, 'b'), hex('83')]));
    const log = await closedOnce(server);
    expect(log.closes[0]).toMatchObject({ code: 1006, initiator: 'local', error: { code: 'connection_terminated' } });
    expect(log.errors).toEqual([]);
  });

  it('survives a cut at every byte of a conversation, by FIN and by reset', async () => {
    await start();
    const conversation = Buffer.concat([
      maskedFrame(0x01, 'Hel'),
      maskedFrame(0x89, 'p'),
      maskedFrame(0x80, 'lo'),
      maskedFrame(0x82, Buffer.alloc(200)),
      close(1000, 'x'),
    ]);
    const peers: RawPeer[] = [];
    for (let end = 0; end <= conversation.length; end += 3) {
      for (const isReset of [false, true]) {
        const peer = await RawPeer.open(server.port);
        peers.push(peer);
        peer.socket.write(conversation.subarray(0, end), () => {
          if (isReset) peer.socket.resetAndDestroy();
          else peer.socket.end();
        });
      }
    }
    await until(() => server.log.closes.length === peers.length);
    await until(() => server.sockets.size === 0);
    expect(server.log.closes).toHaveLength(peers.length);
  });
});

describe('faults of handlers', () => {
  it.concurrent.for([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('mine');
      },
    ],
  ] as const)(
    'reports a handler that %s, closes that connection with 1011, and no other',
    async ([_title, handler], test) => {
      const server = await startOwn(test);
      server.log.onText = handler as never;
      const [peer, other] = [await RawPeer.open(server.port), await RawPeer.open(server.port)];
      peer.send(maskedFrame(0x81, 'a'));
      await until(() => peer.hasEnded);
      expect(peer.received.readUInt16BE(2)).toBe(1011);
      const log = await closedOnce(server);
      expect(log.errors[0]).toMatchObject({ code: 'handler_failed', cause: { message: 'mine' } });
      other.send(maskedFrame(0x89, 'x'));
      expect(await other.receives(3)).toBe('8a 01 78');
    },
  );

  it('emits a process warning when onError or onClose throws', async ({ onTestFinished }) => {
    await start();
    onTestFinished(() => server.stop());
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => {
      // Node may warn of something else meanwhile.
      if (message.startsWith('in on')) warnings.push(message);
    };
    process.on('warning', onWarning);
    const closes: number[] = [];
    server.log.onError = () => {
      throw new Error('in onError');
    };
    server.log.onClose = (_connection, { code }) => {
      closes.push(code);
      throw new Error('in onClose');
    };
    const peer = await RawPeer.open(server.port);
    peer.send(hex('83'));
    await until(() => peer.hasEnded && closes.length === 1);
    await until(() => warnings.length >= 2);
    process.off('warning', onWarning);
    expect(warnings).toEqual(['in onError', 'in onClose']);
  });

  it('may close inside any handler', async ({ onTestFinished }) => {
    await start();
    onTestFinished(() => server.stop());
    server.log.onText = (connection) => connection.close(4002, 'enough');
    const peer = await RawPeer.open(server.port);
    peer.send(Buffer.concat([maskedFrame(0x81, 'a'), maskedFrame(0x81, 'b'), close(4002)]));
    await until(() => peer.hasEnded);
    peer.socket.end();
    expect((await closedOnce(server)).closes[0]).toMatchObject({ code: 4002, wasClean: true });
  });
});
