// The container and the engine's own client, both ends ours.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { type CloseDetails, dial, type WebSocketConnection } from '@longwire/websocket';
import { expect, it } from 'vitest';
import { defineEndpoint, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

async function dialled(url: string) {
  const texts: string[] = [];
  const binaries: Uint8Array[] = [];
  const closed = deferred<CloseDetails>();
  const connection: WebSocketConnection = await dial(url, {
    subprotocols: ['v1'],
    handler: {
      onText: (_connection, text) => void texts.push(text),
      onBinary: (_connection, data) => void binaries.push(data),
      onClose: (_connection, reason) => closed.resolve(reason),
    },
    options: { perMessageDeflate: true },
  });
  return { connection, texts, binaries, closed: closed.promise };
}

it('messages of both kinds, compression, subprotocol and close reasons pass in both directions', async () => {
  const closed = deferred<CloseDetails>();
  const long = 'long wire '.repeat(1_000);
  const endpoint = defineEndpoint('/echo/{name}', {
    subprotocols: ['v1'],
    limits: { perMessageDeflate: true },
    onText: (text, session) => `${session.path.name} ${session.extensions.split(';')[0]} ${text}`,
    onBinary: (data) => data,
    onClose: (_session, reason) => closed.resolve(reason),
  });
  const serving = await serve([endpoint]);
  const client = await dialled(serving.url('/echo/a'));
  expect(client.connection.subprotocol).toBe('v1');
  client.connection.sendText(long);
  client.connection.sendBinary(new Uint8Array([1, 2, 3]));
  await until(() => client.texts.length + client.binaries.length === 2);
  expect(client.texts).toEqual([`a permessage-deflate ${long}`]);
  expect([...client.binaries[0]!]).toEqual([1, 2, 3]);
  client.connection.close(3005, 'done');
  expect(await closed.promise).toMatchObject({ code: 3005, reason: 'done', wasClean: true, initiator: 'remote' });
  expect(await client.closed).toMatchObject({ code: 3005, wasClean: true, initiator: 'local' });
});

it('a connection that is cut is closed with 1006, and its session removes itself and nothing else', async () => {
  const reasons: CloseDetails[] = [];
  const sessions: Session[] = [];
  const endpoint = defineEndpoint('/x', {
    onOpen: (session) => void sessions.push(session),
    onClose: (_session, reason) => void reasons.push(reason),
  });
  const serving = await serve([endpoint]);
  const clients = await Promise.all([1, 2, 3].map(() => dialled(serving.url('/x'))));
  const mounted = serving.container.endpoints().get('/x')!;
  await until(() => sessions.length === 3);
  clients[1]!.connection.terminate();
  await until(() => reasons.length === 1);
  expect(reasons[0]).toMatchObject({ code: 1006, wasClean: false });
  expect(mounted.openSessions()).toHaveLength(2);
  for (const session of mounted.openSessions()) session.send('still here');
  await until(() => clients[0]!.texts.length + clients[2]!.texts.length === 2);
});
