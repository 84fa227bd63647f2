import { randomBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { MemorySocket } from '@longwire/test-support/memory-socket';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketConnection } from '../../../src/connection/connection.js';
import { TurnBuffer } from '../../../src/connection/output/turn-buffer.js';
import { PerMessageDeflate } from '../../../src/extension/permessage-deflate.js';
import { encodeTextFrame } from '../../../src/frame/frame-encoder.js';
import type { Role } from '../../../src/frame/opcode.js';
import { PreparedMessage } from '../../../src/message/prepared-message.js';
import { resolveWebSocketOptions, type WebSocketOptions } from '../../../src/options.js';

interface Peer {
  readonly connection: WebSocketConnection;
  readonly socket: MemorySocket;
}

const peers: Peer[] = [];

afterEach(() => {
  for (const { connection } of peers.splice(0)) connection.terminate();
});

/** A connection over a socket in memory; `deflate` says whether its compressor keeps its window. */
function peer(options: WebSocketOptions = {}, deflate?: 'forgets' | 'keeps', role: Role = 'server'): Peer {
  const resolved = resolveWebSocketOptions({ perMessageDeflate: deflate !== undefined, ...options });
  const socket = new MemorySocket();
  const agreed = {
    serverNoContextTakeover: deflate === 'forgets',
    clientNoContextTakeover: true,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };
  const connection = new WebSocketConnection({
    role,
    socket,
    head: Buffer.alloc(0),
    options: resolved,
    handler: {},
    subprotocol: '',
    extensions: '',
    deflate:
      resolved.perMessageDeflate === false
        ? undefined
        : new PerMessageDeflate(role, agreed, resolved.perMessageDeflate),
  });
  const made = { connection, socket };
  peers.push(made);
  return made;
}

/** All follow, as far as they can. @returns for each: whether it does */
function follow(
  turn: TurnBuffer<Peer>,
  members: readonly Peer[],
  message: PreparedMessage,
  limit = 1_000_000,
): boolean[] {
  turn.open();
  return members.map((member) => member.connection.follow(turn, member, message.byteLength, limit));
}

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const text = (value: string): PreparedMessage => PreparedMessage.text(value);
const frames = (...values: readonly string[]): Buffer =>
  Buffer.concat(values.map((value) => encodeTextFrame('server', value)));

describe('TurnBuffer', () => {
  it('writes one message as the very buffer of its PreparedMessage, to every follower', async () => {
    const turn = new TurnBuffer<Peer>();
    const members = [peer(), peer()];
    const message = text('only');
    expect(follow(turn, members, message)).toEqual([true, true]);
    turn.append(message);
    await turnEnd();
    for (const { socket } of members) expect(socket.chunks).toEqual([message.frames]);
    for (const { socket } of members) expect(socket.chunks[0]!.buffer).toBe(message.frames.buffer);
  });

  it('writes all messages of a turn as one buffer that its followers share', async () => {
    const turn = new TurnBuffer<Peer>();
    const members = [peer(), peer(), peer()];
    follow(turn, members, text('a'));
    const values = Array.from({ length: 300 }, (_, n) => `message ${n}`);
    for (const value of values) turn.append(text(value));
    expect(turn.followers).toBe(3);
    expect(members[0]!.connection.bufferedBytes).toBe(frames(...values).length);
    await turnEnd();
    const [first] = members[0]!.socket.chunks;
    expect(first).toEqual(frames(...values));
    for (const { socket } of members) expect(socket.chunks).toEqual([first]);
    for (const { socket } of members) expect(socket.chunks[0]!.buffer).toBe(first!.buffer);
  });

  it('copies no message of 64 KiB or more, and keeps the order around it', async () => {
    const turn = new TurnBuffer<Peer>();
    const member = peer();
    const large = PreparedMessage.binary(randomBytes(100_000));
    follow(turn, [member], large);
    for (const message of [text('a'), text('b'), large, text('c'), text('d')]) turn.append(message);
    await turnEnd();
    expect(member.socket.bytes).toEqual(Buffer.concat([frames('a', 'b'), large.frames, frames('c', 'd')]));
    expect(member.socket.chunks.some(({ buffer }) => buffer === large.frames.buffer)).toBe(true);
  });

  it('keeps up to 64 KiB in one chunk and begins another one behind it', async () => {
    const turn = new TurnBuffer<Peer>();
    const member = peer();
    const values = Array.from({ length: 200 }, (_, n) => `${n}`.padEnd(1_000, 'x'));
    follow(turn, [member], text(values[0]!));
    for (const value of values) turn.append(text(value));
    await turnEnd();
    expect(member.socket.bytes).toEqual(frames(...values));
  });

  it('puts what was appended before a send of one follower in front of it, and that follower into apart', async () => {
    const turn = new TurnBuffer<Peer>();
    const [busy, other] = [peer(), peer()];
    follow(turn, [busy, other], text('a'));
    turn.append(text('a'));
    busy.connection.sendText('own');
    expect([...turn.apart]).toEqual([busy]);
    expect(turn.followers).toBe(1);
    turn.append(text('b'));
    follow(turn, [busy], text('c'));
    turn.append(text('c'));
    await turnEnd();
    expect(busy.socket.bytes).toEqual(frames('a', 'own', 'c'));
    expect(other.socket.bytes).toEqual(frames('a', 'b', 'c'));
    expect(turn.isOpen).toBe(false);
    expect(turn.apart.size).toBe(0);
  });

  it('lets a connection follow two sources in turn, each in the order of its appends', async () => {
    const [left, right] = [new TurnBuffer<Peer>(), new TurnBuffer<Peer>()];
    const member = peer();
    for (const [turn, value] of [
      [left, '1'],
      [right, '2'],
      [left, '3'],
      [left, '4'],
      [right, '5'],
    ] as const) {
      follow(turn, [member], text(value));
      turn.append(text(value));
    }
    await turnEnd();
    expect(member.socket.bytes).toEqual(frames('1', '2', '3', '4', '5'));
  });

  it.each<[string, (member: Peer) => void]>([
    ['close()', ({ connection }) => connection.close(1000)],
    ['terminate()', ({ connection }) => connection.terminate()],
    ['flush()', ({ connection }) => connection.flush()],
    ['ping()', ({ connection }) => void connection.ping()],
    ['sendTextAsync()', ({ connection }) => void connection.sendTextAsync('x').catch(() => {})],
    ['startMessage()', ({ connection }) => void connection.startMessage('text')],
    ['unfollow()', ({ connection }) => connection.unfollow()],
  ])('counts a follower out at %s', (_title, act) => {
    const turn = new TurnBuffer<Peer>();
    const member = peer();
    follow(turn, [member], text('a'));
    turn.append(text('a'));
    act(member);
    expect(turn.followers).toBe(0);
    expect([...turn.apart]).toEqual([member]);
  });

  it('does not let a client, a compressor with context, a streamed message or a closing connection follow', () => {
    const turn = new TurnBuffer<Peer>();
    const streaming = peer();
    void streaming.connection.startMessage('text');
    const closing = peer();
    closing.connection.close(1000);
    const members = [peer({}, undefined, 'client'), peer({}, 'keeps'), streaming, closing, peer({}, 'forgets'), peer()];
    expect(follow(turn, members, text('a'))).toEqual([false, false, false, false, true, true]);
  });

  it('gives followers with shared compression the bytes of compressedFrames, once per way to compress', async () => {
    const turn = new TurnBuffer<Peer>();
    const members = [peer({}, 'forgets'), peer({}, 'forgets'), peer()];
    const value = 'compress me '.repeat(200);
    follow(turn, members, text(value));
    turn.append(text(value));
    turn.append(text('short'));
    await turnEnd();
    const [compressed, again, plain] = members.map(({ socket }) => socket.bytes);
    expect(plain).toEqual(frames(value, 'short'));
    expect(again).toEqual(compressed);
    expect(compressed![0]).toBe(0xc1);
    const payload = compressed!.subarray(2, 2 + (compressed![1]! & 0x7f));
    expect(inflateRawSync(Buffer.concat([payload, Buffer.from('0000ffff010000ffff', 'hex')])).toString()).toBe(value);
    expect(compressed!.subarray(2 + payload.length)).toEqual(frames('short'));
  });

  it('says through hasRoomFor and follow when drainBytes, maxBufferedBytes or the limit of the caller comes near', () => {
    const hundred = text('x'.repeat(98));
    for (const [options, limit] of [
      [{ drainBytes: 250 }, 1_000_000],
      [{ maxBufferedBytes: 250 }, 1_000_000],
      [{}, 250],
    ] as const) {
      const turn = new TurnBuffer<Peer>();
      const member = peer(options);
      expect(follow(turn, [member], hundred, limit)).toEqual([true]);
      turn.append(hundred);
      expect(turn.hasRoomFor(100)).toBe(true);
      turn.append(hundred);
      expect(turn.hasRoomFor(100)).toBe(false);
      turn.resetRoom();
      expect(follow(turn, [member], hundred, limit)).toEqual([false]);
      expect([...turn.apart]).toEqual([member]);
      expect(member.connection.bufferedBytes).toBe(200);
    }
  });

  it('keeps what was appended for a connection that is held or whose peer does not read, over turns', async () => {
    const turn = new TurnBuffer<Peer>();
    const [held, stalled] = [peer(), peer()];
    held.connection.hold();
    stalled.socket.stall();
    for (const value of ['a', 'b', 'c']) {
      expect(follow(turn, [held, stalled], text(value))).toEqual([true, true]);
      turn.append(text(value));
      turn.append(text(`${value}2`));
      await turnEnd();
    }
    expect(held.socket.bytes.length).toBe(0);
    expect(held.connection.bufferedBytes).toBe(frames('a', 'a2', 'b', 'b2', 'c', 'c2').length);
    held.connection.release();
    stalled.socket.unstall();
    await turnEnd();
    for (const { socket } of [held, stalled]) expect(socket.bytes).toEqual(frames('a', 'a2', 'b', 'b2', 'c', 'c2'));
  });

  it('gives a connection that followed only a small part of a turn a copy, so that the rest can be freed', async () => {
    const turn = new TurnBuffer<Peer>();
    const [late, early] = [peer(), peer()];
    follow(turn, [early], text('x'));
    for (let n = 0; n < 100; n++) turn.append(text('x'.repeat(200)));
    follow(turn, [late], text('last'));
    turn.append(text('last'));
    await turnEnd();
    expect(late.socket.bytes).toEqual(frames('last'));
    expect(late.socket.chunks[0]!.buffer.byteLength).toBe(frames('last').length);
    expect(early.socket.chunks[0]!.buffer.byteLength).toBeGreaterThan(20_000);
  });

  it('appends and stores nothing without a follower', async () => {
    const turn = new TurnBuffer<Peer>();
    const member = peer();
    turn.open();
    turn.append(text('lost'));
    follow(turn, [member], text('kept'));
    turn.append(text('kept'));
    await turnEnd();
    expect(member.socket.bytes).toEqual(frames('kept'));
  });
});
