import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { dial } from '../../../src/handshake/dial.js';
import { PreparedMessage } from '../../../src/message/prepared-message.js';
import type { WebSocketOptions } from '../../../src/options.js';
import { hex, maskedFrame } from '../../support/hex.js';
import { HandlerLog, LiveServer, RawPeer } from '../../support/live.js';
import { Reading } from '../../support/reading.js';

let server: LiveServer;

async function open(options: WebSocketOptions = {}) {
  server = await LiveServer.start(options);
  const peer = await RawPeer.open(server.port);
  return { peer, connection: await server.connection() };
}

afterEach(async () => {
  await server.stop();
});

const WRITES = ['auto', 'stream'] as const;

/** Returns a function that collects garbage and returns the bytes of all buffers. */
function collector(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    // The memory of buffers is freed in the background.
    for (let n = 0; n < 3; n++) collect();
    return process.memoryUsage().arrayBuffers;
  };
}

describe.each(WRITES)('output written by way of %s', (socketWrites) => {
  it('writes all sends of a turn in order, and nothing before its end', async () => {
    const { peer, connection } = await open({ socketWrites });
    connection.sendText('a');
    connection.sendBinary(Buffer.from([1]));
    connection.sendPrepared(PreparedMessage.text('b'));
    expect(connection.bufferedBytes).toBe(9);
    expect(await peer.receives(9)).toBe('81 01 61 82 01 01 81 01 62');
    expect(connection.bufferedBytes).toBe(0);
  });

  it('writes now when flushed', async () => {
    const { peer, connection } = await open({ socketWrites });
    connection.sendText('a');
    connection.flush();
    expect(connection.bufferedBytes).toBe(0);
    expect(await peer.receives(3)).toBe('81 01 61');
  });

  it('delivers 20 MB to a reader that pauses, intact and in order, with control frames between the frames', async () => {
    const { peer, connection } = await open({ socketWrites, maxBufferedBytes: 64_000_000 });
    peer.socket.pause();
    const reading = new Reading('client', { maxMessageBytes: 8_000_000 });
    const expected: string[] = [];
    for (let i = 0; i < 20; i++) {
      const bytes = Buffer.alloc(1_000_000, i);
      expected.push(bytes.toString('hex', 0, 8));
      connection.sendBinary(bytes);
      if (i % 5 === 0) connection.ping(Buffer.from(`p${i}`));
    }
    await until(() => connection.bufferedBytes < 20_000_000);
    expect(connection.bufferedBytes).toBeGreaterThan(1_000_000);
    connection.ping(Buffer.from('late'));
    peer.socket.removeAllListeners('data');
    peer.socket.on('data', (chunk) => reading.push(chunk));
    peer.socket.resume();
    await until(() => reading.heard.length === 25);
    const binaries = reading.heard.flatMap((event) => ('binary' in event ? [event.binary] : []));
    expect(binaries.map((bytes) => bytes.slice(0, 16))).toEqual(expected);
    expect(binaries.every((bytes) => bytes.length === 2_000_000)).toBe(true);
    const lateAt = reading.heard.findIndex((event) => 'ping' in event && event.ping === 'late');
    expect(lateAt).toBeLessThan(15);
    expect(connection.bufferedBytes).toBe(0);
    expect(server.log.drains).toBe(1);
  });

  it('fails a connection whose queue passes maxBufferedBytes, and lets the memory go', async () => {
    const { peer, connection } = await open({
      socketWrites,
      maxBufferedBytes: 2_000_000,
      bufferOverflowCloseCode: 4004,
    });
    peer.socket.pause();
    const chunk = Buffer.alloc(500_000);
    let sent = 0;
    while (connection.sendBinary(chunk) && sent < 100) {
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(100);
    expect(connection.state).toBe('closing');
    expect(connection.bufferedBytes).toBeLessThan(700_000);
    expect(server.log.errors[0]).toMatchObject({ code: 'send_queue_full', closeCode: 4004 });
    await until(() => server.log.closes.length === 1);
    expect(server.log.closes[0]).toMatchObject({ code: 4004, initiator: 'local' });
  });

  it('resolves asynchronous sends once handed over, and rejects those that never were', async () => {
    const { peer, connection } = await open({ socketWrites, maxBufferedBytes: 64_000_000 });
    await connection.sendTextAsync('a');
    expect(await peer.receives(3)).toBe('81 01 61');
    peer.socket.pause();
    const results: string[] = [];
    const first = connection.sendBinaryAsync(Buffer.alloc(30_000_000)).then(
      () => results.push('sent'),
      (error) => results.push(error.code),
    );
    connection.flush();
    connection.terminate();
    await first;
    expect(results).toEqual(['connection_ended']);
    await expect(connection.sendTextAsync('late')).rejects.toMatchObject({ code: 'connection_ended' });
  });
});

it('rejects asynchronous sends that were dropped when the connection failed', async () => {
  const { peer, connection } = await open({ maxBufferedBytes: 20_000_000 });
  peer.socket.pause();
  connection.sendBinary(Buffer.alloc(19_000_000));
  connection.flush();
  expect(connection.bufferedBytes).toBeGreaterThan(1_000_000);
  const lost = connection.sendTextAsync('never sent');
  expect(connection.sendBinary(Buffer.alloc(5_000_000))).toBe(false);
  await expect(lost).rejects.toMatchObject({ code: 'connection_ended', cause: { code: 'send_queue_full' } });
});

it('shares one buffer among connections that are sent the same pieces in one turn', async () => {
  const { peer, connection } = await open();
  const other = await RawPeer.open(server.port);
  const second = await server.connection(1);
  const messages = ['a', 'b', 'c'].map((text) => PreparedMessage.text(text));
  for (const message of messages) {
    connection.sendPrepared(message);
    second.sendPrepared(message);
  }
  second.sendText('d');
  expect(await peer.receives(9)).toBe('81 01 61 81 01 62 81 01 63');
  expect(await other.receives(12)).toBe('81 01 61 81 01 62 81 01 63 81 01 64');
});

describe('pings', () => {
  it('answers each with its payload, in order', async () => {
    const { peer } = await open();
    peer.send(Buffer.concat(['a', '', 'c'.repeat(125)].map((payload) => maskedFrame(0x89, payload))));
    await until(() => peer.received.length === 3 + 2 + 127);
    expect(peer.hex.startsWith('8a 01 61 8a 00 8a 7d 63 63')).toBe(true);
    expect(server.log.pings).toEqual(['a', '', 'c'.repeat(125)]);
  });

  it('closes with 1008 at maxPingsPerSecond, and not below', async () => {
    const { peer } = await open({ maxPingsPerSecond: 100 });
    const ping = maskedFrame(0x89, 'x');
    peer.send(Buffer.concat(Array.from({ length: 99 }, () => ping)));
    await until(() => peer.received.length === 99 * 3);
    peer.send(ping);
    await until(() => peer.hasEnded);
    expect(peer.received.readUInt16BE(99 * 3 + 2)).toBe(1008);
    expect(server.log.errors[0]).toMatchObject({ code: 'too_many_pings' });
  });

  it('takes unasked pongs and sends them', async () => {
    const { peer, connection } = await open();
    peer.send(maskedFrame(0x8a, 'q'));
    await until(() => server.log.pongs.length === 1);
    connection.pong(Buffer.from('r'));
    expect(await peer.receives(3)).toBe('8a 01 72');
    expect(() => connection.ping(Buffer.alloc(126))).toThrowError(expect.objectContaining({ code: 'invalid_payload' }));
  });
});

describe('streamed messages', () => {
  it('sends fragments as they are written, with control frames between and other messages behind', async () => {
    const { peer, connection } = await open();
    const message = connection.startMessage('text');
    await message.write('a');
    connection.sendText('x');
    connection.ping(Buffer.from('p'));
    await message.write('b');
    await message.end();
    connection.sendText('y');
    expect(await peer.receives(17)).toBe('01 01 61 89 01 70 00 01 62 80 00 81 01 78 81 01 79');
  });

  it('puts several streamed messages one behind the other', async () => {
    const { peer, connection } = await open();
    const [first, second] = [connection.startMessage('text'), connection.startMessage('binary')];
    const written = [second.write(Buffer.from([1])), second.end()];
    connection.sendText('z');
    expect(connection.bufferedBytes).toBe(8);
    await first.write('a');
    await first.end();
    await Promise.all(written);
    expect(await peer.receives(13)).toBe('01 01 61 80 00 02 01 01 80 00 81 01 7a');
  });

  it('rejects writes after the end of the message and of the connection', async () => {
    const { connection } = await open();
    const message = connection.startMessage('text');
    await message.end();
    await expect(message.write('a')).rejects.toMatchObject({ code: 'message_ended' });
    const second = connection.startMessage('text');
    await second.write('a');
    connection.close();
    await expect(second.write('b')).rejects.toMatchObject({ code: 'connection_ended' });
    await expect(connection.startMessage('text').write('c')).rejects.toMatchObject({ code: 'connection_ended' });
  });

  it('drops an unfinished streamed message when the connection closes', async () => {
    const { peer, connection } = await open();
    await connection.startMessage('text').write('a');
    connection.sendText('behind');
    connection.close(1000);
    expect(await peer.receives(7)).toBe('01 01 61 88 02 03 e8');
  });
});

describe('pausing', () => {
  it('delivers nothing while paused, not even what has arrived, and continues in order after resume()', async () => {
    const { peer, connection } = await open();
    server.log.onText = (paused, text) => {
      server.log.texts.push(text);
      paused.pause();
    };
    peer.send(Buffer.concat(['a', 'b', 'c'].map((text) => maskedFrame(0x81, text))));
    for (let i = 1; i <= 3; i++) {
      await until(() => server.log.texts.length === i);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(server.log.texts).toHaveLength(i);
      connection.resume();
    }
    expect(server.log.texts).toEqual(['a', 'b', 'c']);
  });

  it('closes while paused: the peer’s Close is seen, its messages are not handed over', async () => {
    const { peer, connection } = await open();
    connection.pause();
    peer.send(Buffer.concat([maskedFrame(0x81, 'unseen'), maskedFrame(0x88, hex('03 e8'))]));
    connection.close(1000);
    await until(() => peer.hasEnded);
    peer.socket.end();
    await until(() => server.log.closes.length === 1);
    expect(server.log.closes[0]).toMatchObject({ code: 1000, wasClean: true });
    expect(server.log.texts).toEqual([]);
  });
});

it('never lets memory out that is not its own: whatever is sent, only payloads arrive', async () => {
  const { peer, connection } = await open();
  const marker = Buffer.alloc(4096, 0xa5);
  for (let i = 0; i < 200; i++) Buffer.from(marker);
  const view = new Uint8Array(marker.buffer, marker.byteOffset, marker.length).subarray(1, 1);
  connection.sendText('');
  connection.sendBinary(view);
  connection.sendBinary(new Uint8Array(6000));
  connection.ping();
  const message = connection.startMessage('binary');
  await message.write(new Uint8Array(10));
  await message.end();
  connection.close(1000, 'x');
  await until(() => peer.received.length >= 2 + 2 + 6004 + 2 + 12 + 2 + 5);
  expect(peer.received.includes(0xa5)).toBe(false);
});

it.each(WRITES)(
  'keeps little more than bufferedBytes for a peer that does not read, written by way of %s',
  async (way) => {
    const { peer, connection } = await open({ socketWrites: way, maxBufferedBytes: 64_000_000 });
    peer.socket.pause();
    connection.sendBinary(Buffer.alloc(20_000_000));
    await until(() => connection.bufferedBytes < 20_000_000);
    const collect = collector();
    const [before, bufferedBefore] = [collect(), connection.bufferedBytes];
    for (let n = 0; n < 8_000; n++) {
      connection.sendText('x'.repeat(200));
      // Other connections send as well: Node begins a new block for pooled buffers.
      for (let k = 0; k < 4; k++) Buffer.allocUnsafe(Buffer.poolSize / 4);
    }
    const buffered = connection.bufferedBytes - bufferedBefore;
    expect(buffered).toBeGreaterThan(1_600_000);
    // At most 32 messages wait to be joined, each in a block of its own.
    expect(collect() - before).toBeLessThan(2 * buffered + 64 * Buffer.poolSize);
  },
);

it('masks everything a client sends, prepared messages too', async () => {
  server = await LiveServer.start();
  const client = await dial(server.url, { handler: new HandlerLog() });
  client.sendPrepared(PreparedMessage.join([PreparedMessage.text('a'), PreparedMessage.binary(Buffer.alloc(9000, 7))]));
  client.sendBinary(Buffer.alloc(70_000, 8));
  await client.startMessage('text').end();
  await until(() => server.log.texts.length === 2 && server.log.binaries.length === 2);
  expect(server.log.texts).toEqual(['a', '']);
  expect(server.log.binaries.map((data) => [data.length, data[0], data.at(-1)])).toEqual([
    [9000, 7, 7],
    [70_000, 8, 8],
  ]);
  client.terminate();
});
