// What a scan does with classes that extend an endpoint.
import { expect, it } from 'vitest';
import { EndpointContainer, OnMessage, OnOpen, ServerEndpoint } from '../../src/index.js';

it('a scan passes over classes that only extend an endpoint, whatever they decorate', async () => {
  @ServerEndpoint('/parent')
  class Parent {
    @OnMessage() text(message: string) {
      return message;
    }
  }
  class Child extends Parent {}
  class Decorated extends Parent {
    @OnOpen() open() {}
  }
  @ServerEndpoint('/heir')
  class Heir extends Parent {}
  const container = new EndpointContainer();
  await container.scan({ './endpoints.ts': { Parent, Child, Decorated, Heir } });
  expect([...container.endpoints().keys()].sort()).toEqual(['/heir', '/parent']);
  for (const none of [Child, Decorated]) expect(() => container.add(none)).toThrow('without @ServerEndpoint');
});
