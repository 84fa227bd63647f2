// @ClientEndpoint with experimentalDecorators.

import { until } from '@longwire/test-support/until';
import { afterEach, expect, it } from 'vitest';
import {
  ClientEndpoint,
  type CloseReason,
  defineEndpoint,
  EndpointContainer,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';

const events: string[] = [];

@ClientEndpoint({ subprotocols: ['v1'] })
class Visitor {
  #count = 0;
  @OnOpen() open(session: Session) {
    events.push(`open ${session.subprotocol}`);
    session.send('hello');
  }
  @OnMessage() text(text: string) {
    events.push(`text ${++this.#count} ${text}`);
    return new Uint8Array([1]);
  }
  @OnMessage({ kind: 'binary' }) bytes() {
    throw new Error('no bytes');
  }
  @OnError() failed(error: unknown, session: Session) {
    events.push(`error ${(error as Error).message}`);
    session.close(3001);
  }
  @OnClose() closed(_session: Session, { code }: CloseReason) {
    events.push(`close ${code}`);
  }
}

const container = new EndpointContainer();
afterEach(() => container.close());

it('a decorated class is a client endpoint and no server endpoint', async () => {
  const echo = defineEndpoint('/echo', { subprotocols: ['v1'], onText: (text) => text, onBinary: (data) => data });
  const serving = await serve([echo]);
  expect(() => container.add(Visitor)).toThrow('without @ServerEndpoint');
  const connection = await container.connect(Visitor, serving.url('/echo'));
  await connection.closed;
  await until(() => events.length === 4);
  expect(events).toEqual(['open v1', 'text 1 hello', 'error no bytes', 'close 3001']);
});

it('mistakes are refused where the class is declared', () => {
  expect(() => {
    @ClientEndpoint({ configurator: {} } as never)
    class Configured {}
    return Configured;
  }).toThrow('client endpoint Configured has no option "configurator"');
  expect(() => {
    @ClientEndpoint()
    class Twice {
      @OnMessage() one(_text: string) {}
      @OnMessage() two(_text: string) {}
    }
    return Twice;
  }).toThrow('both handle "text"');
  expect(() => {
    @ClientEndpoint()
    class NeedsArguments {
      constructor(readonly service: object) {}
    }
    return NeedsArguments;
  }).toThrow(expect.objectContaining({ code: 'constructor_needs_arguments' }));
  expect(() => (ClientEndpoint as unknown as (target: unknown) => void)(class {})).toThrow('with parentheses');
  expect(() => (ClientEndpoint() as unknown as (target: unknown) => void)({})).toThrow(
    '@ClientEndpoint is for classes',
  );
});
