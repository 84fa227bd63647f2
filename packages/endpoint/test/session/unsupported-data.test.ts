// Messages of a kind that an endpoint has no handler for: 1003, RFC 6455 §7.4.1.
import { until } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import { type CloseReason, defineEndpoint, type EndpointHandlers, jsonDecoder, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

const text = 'hello';
const bytes = Buffer.from('hello');

it.each<[what: string, handlers: EndpointHandlers & { decoders?: unknown }, message: string | Buffer, reason: string]>([
  ['a binary message to onText', { onText: () => {} }, bytes, 'binary messages are not accepted here'],
  ['a binary message to onTextPart', { onTextPart: () => {} }, bytes, 'binary messages are not accepted here'],
  ['a binary message to onTextStream', { onTextStream: () => {} }, bytes, 'binary messages are not accepted here'],
  [
    'a binary message to onObject with a decoder of text',
    { onObject: () => {}, decoders: [jsonDecoder()] },
    bytes,
    'binary messages are not accepted here',
  ],
  ['a text to onBinary', { onBinary: () => {} }, text, 'text messages are not accepted here'],
  ['a text to onBinaryPart', { onBinaryPart: () => {} }, text, 'text messages are not accepted here'],
])('%s closes with 1003', async (_what, handlers, message, reason) => {
  const reasons: CloseReason[] = [];
  const onClose: EndpointHandlers['onClose'] = (_session, why) => void reasons.push(why);
  const endpoint = defineEndpoint('/x', { ...handlers, onClose } as never);
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  client.send(message);
  expect(await client.closed).toEqual({ code: 1003, reason });
  await until(() => reasons.length === 1);
  expect(reasons[0]).toMatchObject({ code: 1003, initiator: 'local', cause: 'unsupported_data' });
  expect(serving.unhandled).toEqual([]);
});

it('a handler for text that was added to the session makes a binary message close with 1003', async () => {
  const endpoint = defineEndpoint('/x', { onOpen: (session) => session.addMessageHandler({}, () => 'heard') });
  const client = await (await serve([endpoint])).connect('/x');
  client.send(text);
  expect(await client.received(1)).toEqual(['heard']);
  client.send(bytes);
  expect((await client.closed).code).toBe(1003);
});

it('messages to an endpoint without any message handler, which only sends, are ignored', async () => {
  const serving = await serve([defineEndpoint('/x', { onPong: () => {} })]);
  const client = await serving.connect('/x');
  client.send(text);
  client.send(bytes);
  await client.settled();
  expect(serving.container.endpoints().get('/x')!.openSessions()).toHaveLength(1);
});

it('messages of a kind whose handler was removed from the session are ignored', async () => {
  let session: Session | undefined;
  const endpoint = defineEndpoint('/x', {
    onOpen(opened) {
      session = opened;
      opened.addMessageHandler({ kind: 'binary' }, () => {});
    },
    onText: () => 'heard',
  });
  const client = await (await serve([endpoint])).connect('/x');
  await until(() => session !== undefined);
  session!.removeMessageHandler(session!.messageHandlers[0]!);
  client.send(bytes);
  client.send(text);
  expect(await client.received(1)).toEqual(['heard']);
});
