// What becomes of what handlers return: what is sent, what is not an answer, and what is a mistake.
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  Broadcast,
  defineEndpoint,
  EndpointError,
  type EndpointHandlers,
  jsonEncoder,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';
import { warningsFromNowOn } from '../warnings.js';

describe('a result of a call of this package is not an answer', () => {
  const room = new Broadcast();
  const calls: [call: string, onText: (text: string, session: Session) => unknown][] = [
    ['broadcast.send', (text) => room.send(text)],
    ['broadcast.sendAndWait', (text) => room.sendAndWait(text)],
    ['broadcast.sendObject', (text) => room.sendObject({ text }, jsonEncoder)],
    ['broadcast.add', (_text, session) => room.add(session)],
    ['broadcast.delete', (_text, session) => room.delete(session)],
    ['session.send', (text, session) => session.send(text)],
    ['session.startMessage', (_text, session) => session.startMessage('text')],
    ['session.userProperties.set', (text, session) => session.userProperties.set('last', text)],
    ['session.removeMessageHandler', (_text, session) => session.removeMessageHandler(() => {})],
    ['the session itself', (_text, session) => session],
  ];

  it.each(calls)('%s, without an encoder', async (_call, onText) => {
    const serving = await serve([defineEndpoint('/x', { onText } as EndpointHandlers)]);
    const client = await serving.connect('/x');
    client.send('hello');
    await client.settled();
    expect(serving.container.endpoints().get('/x')!.openSessions()).toHaveLength(1);
    expect(serving.unhandled).toEqual([]);
  });

  it.each(calls.filter(([call]) => !call.startsWith('session.st')))('%s, with jsonEncoder', async (call, onText) => {
    let encoded = 0;
    const counting = {
      ...jsonEncoder,
      willEncode: (value: unknown) => {
        encoded++;
        return jsonEncoder.willEncode(value);
      },
    };
    const serving = await serve([defineEndpoint('/x', { onText, encoders: [counting] } as EndpointHandlers)]);
    const client = await serving.connect('/x');
    client.send('hello');
    await client.settled();
    expect(client.messages).toEqual(call === 'session.send' ? ['hello'] : []);
    expect(encoded).toBe(0);
  });

  it('onOpen: (session) => room.add(session) opens the session', async () => {
    const everybody = new Broadcast();
    const endpoint = defineEndpoint('/x', {
      onOpen: (session) => everybody.add(session),
      onText: (text) => everybody.send(text),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('to all');
    expect(await client.received(1)).toEqual(['to all']);
    expect(serving.unhandled).toEqual([]);
  });
});

class Order {}

it.each<[what: string, result: unknown]>([
  ['a Date', new Date()],
  ['a Map', new Map()],
  ['an Order', new Order()],
  ['an object', { symbol: 'ACME' }],
  ['an Array', [1]],
  ['a number', 7],
  ['a boolean', true],
])(
  'onText that returns %s without an encoder gets invalid_result, which names it and says what to do',
  async (what, result) => {
    const errors: unknown[] = [];
    const endpoint = defineEndpoint('/x', {
      onText: (() => result) as unknown as () => string,
      onError: (error) => void errors.push(error),
    });
    const client = await (await serve([endpoint])).connect('/x');
    client.send('hello');
    await until(() => errors.length === 1);
    expect(errors[0]).toBeInstanceOf(EndpointError);
    expect(errors[0]).toMatchObject({
      code: 'invalid_result',
      message: `onText returned ${what}, which is neither text nor bytes, and no encoder of the endpoint takes it; give the endpoint an encoder, or return nothing: write void before the expression, or braces`,
    });
  },
);

describe('what a handler returns that is not for messages', () => {
  it.each<[what: string, returned: unknown]>([
    ['a string', 'welcome'],
    ['a Buffer', Buffer.from('welcome')],
    ['an object', { welcome: true }],
    ['a string', Promise.resolve('welcome')],
  ])('is not sent, and is warned of once when it is %s', async (what, returned) => {
    const warnings = warningsFromNowOn();
    const endpoint = defineEndpoint('/x', { onOpen: () => returned as undefined, encoders: [jsonEncoder] });
    const serving = await serve([endpoint]);
    const clients = [await serving.connect('/x'), await serving.connect('/x')];
    for (const client of clients) await client.settled();
    expect(clients.flatMap(({ messages }) => messages)).toEqual([]);
    await until(() => warnings.length > 0);
    expect(warnings.map(({ message }) => message)).toEqual([
      `endpoint /x: onOpen returned ${what}; it is not sent; call session.send(…) or session.sendObject(…)`,
    ]);
  });

  it.each<[what: string, onOpen: (session: Session) => unknown]>([
    ['a Map, as sessions.set(…) does', (session) => new Map().set(session.id, session)],
    ['a boolean, as sessions.delete(…) does', (session) => new Set().delete(session)],
    ['a number, as list.push(…) does', (session) => [0].push(session.query.size)],
    ['a Broadcast', (session) => new Broadcast().add(session)],
  ])('means nothing when it is %s', async (_what, onOpen) => {
    const warnings = warningsFromNowOn();
    const serving = await serve([defineEndpoint('/x', { onOpen: onOpen as () => undefined })]);
    await (await serving.connect('/x')).settled();
    expect(warnings).toEqual([]);
    expect(serving.unhandled).toEqual([]);
  });

  it('is warned of for a part of a message before its last one, and sent for the last one', async () => {
    const warnings = warningsFromNowOn();
    const endpoint = defineEndpoint('/x', { onTextPart: (part) => part });
    const client = await (await serve([endpoint])).connect('/x');
    client.socket.send('first', { fin: false });
    client.socket.send('last', { fin: true });
    expect(await client.received(1)).toEqual(['last']);
    await until(() => warnings.length > 0);
    expect(warnings[0]!.message).toContain(
      'onTextPart returned a string before the last part of a message; it is not sent',
    );
  });
});
