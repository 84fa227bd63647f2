// The commands that may be repeated: what they send, return and reject with.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { startClient } from '../support/start-client.js';
import { messageAt } from '../support/test-platform.js';

describe('a query', () => {
  it('history() takes and returns positions, and is repeated after a lost connection', async () => {
    const { platform, client } = startClient();
    const page = client.user('bob').history({ before: { epoch: 'k3', offset: 9 }, limit: 2 });
    const socket = await platform.signIn();
    expect(socket.last('history')).toMatchObject({ channel: 'user/bob', before: { epoch: 'k3', offset: 9 }, limit: 2 });
    socket.end(1006);
    const again = await platform.comeBack();
    const entries = [
      { type: 'poll', channel: 'user/bob', epoch: 'k3', offset: 7 },
      messageAt(8, { from: 'alice', bytes: 'AQL/', body: undefined }),
    ];
    again.push({ re: again.last('history')?.['id'], type: 'history', entries, more: true });
    const { messages, more, first, last } = await page;
    expect({ more, first, last }).toEqual({
      more: true,
      first: { epoch: 'k3', offset: 7 },
      last: { epoch: 'k3', offset: 8 },
    });
    expect(messages).toMatchObject([{ offset: 8, own: true, bytes: new Uint8Array([1, 2, 255]) }]);
  });

  it('history() has gaps in their places, and continues outside of them', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const page = client.user('bob').history();
    const gapOf = (from: number, to: number, reason: string) => {
      return { channel: 'user/bob', epoch: 'k3', from, to, next: to + 1, reason };
    };
    const [expired, removed] = [gapOf(1, 6, 'expired'), gapOf(8, 9, 'removed')];
    const entries = [{ type: 'gap', ...expired }, messageAt(7), { type: 'gap', ...removed }];
    socket.push({ re: socket.last('history')?.['id'], type: 'history', entries, more: false });
    const { items, messages, first, last } = await page;
    expect(items).toMatchObject([expired, { offset: 7 }, removed]);
    expect(items[0]).toEqual(expired);
    expect(messages).toEqual([items[1]]);
    expect([first, last]).toEqual([
      { epoch: 'k3', offset: 1 },
      { epoch: 'k3', offset: 9 },
    ]);
  });

  it('block() and unblock() name the user, and are repeated after a lost connection', async () => {
    const { platform, client } = startClient();
    const blocked = client.block('bob');
    const socket = await platform.signIn();
    expect(socket.last('block')).toMatchObject({ user: 'bob' });
    socket.end(1006);
    const again = await platform.comeBack();
    again.push({ re: again.last('block')?.['id'], type: 'ok' });
    expect(await blocked).toBeUndefined();
    const unblocked = client.unblock('bob');
    const message = '…';
    again.push({
      re: again.last('unblock')?.['id'],
      type: 'error',
      code: 'storage_full',
      message,
      retryable: false,
    });
    await expect(unblocked).rejects.toMatchObject({ code: 'storage_full' });
    await expect(client.block('user/bob')).rejects.toMatchObject({ code: 'invalid_field' });
  });

  it('blocked() asks for a page of blocks', async () => {
    const { platform, client } = startClient();
    const page = client.blocked({ after: 'bob', limit: 2 });
    const socket = await platform.signIn();
    const { id, ...sent } = socket.last('blocks')!;
    expect(sent).toEqual({ type: 'blocks', after: 'bob', limit: 2 });
    socket.push({ re: id, type: 'blocks', users: ['carol', 'dan'], more: true });
    expect(await page).toEqual({ users: ['carol', 'dan'], more: true });
  });

  it('mute(), archive() and hide() and their ends name the channel, and until', async () => {
    const { platform, client } = startClient();
    const bob = client.user('bob');
    const socket = await platform.signIn();
    const calls = [
      [() => bob.mute({ until: 1_790_000_000_000 }), { type: 'mute', on: true, until: 1_790_000_000_000 }],
      [() => bob.mute(), { type: 'mute', on: true }],
      [() => bob.unmute(), { type: 'mute', on: false }],
      [() => bob.archive(), { type: 'archive', on: true }],
      [() => bob.unarchive(), { type: 'archive', on: false }],
      [() => bob.hide(), { type: 'hide', on: true }],
      [() => bob.unhide(), { type: 'hide', on: false }],
    ] as const;
    for (const [call, fields] of calls) {
      const done = call();
      const { id, ...sent } = socket.last(fields.type)!;
      expect(sent).toEqual({ ...fields, channel: 'user/bob' });
      socket.push({ re: id, type: 'ok' });
      expect(await done).toBeUndefined();
    }
  });

  it('returns bodyText with each message, pushed or of history, if keepBodyText is set', async () => {
    const { platform, client } = startClient({ keepBodyText: true });
    const bodies: unknown[] = [];
    client.on('message', ({ body, bodyText }) => bodies.push([body, bodyText]));
    const socket = await platform.signIn();
    const entry = JSON.stringify(messageAt(1)).replace(/"body":[^,}]*/, '"body":1e400');
    expect(entry).toContain('1e400');
    socket.pushText(entry);
    await settled();
    expect(bodies).toEqual([[Number.POSITIVE_INFINITY, '1e400']]);
    const page = client.user('bob').history();
    socket.pushText(`{"re":${socket.last('history')?.['id']},"type":"history","entries":[${entry}],"more":false}`);
    expect((await page).messages).toMatchObject([{ bodyText: '1e400' }]);
  });

  it('rejects with invalid_field, unsent, for arguments that are not valid', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const bob = client.user('bob');
    const calls = [
      () => bob.read(undefined as never),
      () => bob.read(5 as never),
      () => bob.read({ epoch: 'k3', offset: 1 }, null as never),
      () => bob.history({ befor: 1 } as never),
      () => bob.history({ signal: {} } as never),
      () => bob.history({ after: { epoch: 'k3' } } as never),
      () => client.channels(null as never),
      () => client.ready({ signal: {} } as never),
    ];
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toMatchObject({ name: 'LongwireError', code: 'invalid_field' });
    }
    expect(socket.sent.map(({ type }) => type)).toEqual(['connect']);
  });

  it('read() and channels() send their fields and return the answer', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const read = client.user('bob').read({ epoch: 'k3', offset: 9 });
    const { id, ...command } = { ...socket.last('read') } as Record<string, unknown>;
    expect(command).toEqual({ type: 'read', channel: 'user/bob', epoch: 'k3', offset: 9 });
    socket.push({ re: id, type: 'ok' });
    expect(await read).toBeUndefined();
    const channels = client.channels({ after: 'user/bob', limit: 3 });
    expect(socket.last('channels')).toMatchObject({ after: 'user/bob', limit: 3 });
    socket.push({ re: socket.last('channels')?.['id'], type: 'channels', channels: [], more: false });
    expect(await channels).toEqual({ channels: [], more: false });
  });

  it('rejects with malformed_message after an answer of another type', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const page = client.user('bob').history();
    socket.push({ re: socket.last('history')?.['id'], type: 'chronicle' });
    await expect(page).rejects.toMatchObject({ code: 'malformed_message' });
    const other = client.user('bob').history();
    socket.push({ re: socket.last('history')?.['id'], type: 'ok' });
    await expect(other).rejects.toMatchObject({ code: 'malformed_message' });
    expect(client.state).toBe('connected');
    await settled();
  });
});
