// Which instance of an endpoint's class serves a connection: a new one, or what the configurator makes.

import { until } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import { defineEndpoint, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

it('each connection is served by a new instance of the class, and by that one only', async () => {
  let made = 0;
  class Chat {
    readonly number = ++made;
    readonly heard: string[] = [];
    onOpen(session: Session): void {
      session.userProperties.set('instance', this);
    }
    onText(message: string): string {
      this.heard.push(message);
      return `${this.number} ${this.heard.join()}`;
    }
    onClose(session: Session): void {
      closedBy.push(session.userProperties.get('instance') === this);
    }
  }
  const closedBy: boolean[] = [];
  const serving = await serve([defineEndpoint('/x', Chat)]);
  expect(made).toBe(0);
  const first = await serving.connect('/x');
  const second = await serving.connect('/x');
  for (const message of ['a', 'b']) first.send(message);
  second.send('c');
  expect(await first.received(2)).toEqual(['1 a', '1 a,b']);
  expect(await second.received(1)).toEqual(['2 c']);
  await Promise.all([first.close(), second.close()]);
  await until(() => closedBy.length === 2);
  expect(closedBy).toEqual([true, true]);
  expect(made).toBe(2);
});

it('createInstance is asked once for each connection, with the class and the request', async () => {
  const asked: string[] = [];
  class Chat {
    readonly greeting: string;
    constructor(greeting = 'made without the configurator') {
      this.greeting = greeting;
    }
    onText(): string {
      return this.greeting;
    }
  }
  const endpoint = defineEndpoint('/{name}', Chat, {
    configurator: {
      createInstance(endpointClass, request) {
        asked.push(`${endpointClass.name} ${request.path['name']}`);
        return new Chat(`hello ${request.path['name']}`);
      },
    },
  });
  const serving = await serve([endpoint]);
  for (const name of ['alice', 'bob']) {
    const client = await serving.connect(`/${name}`);
    for (const message of ['x', 'y']) client.send(message);
    expect(await client.received(2)).toEqual([`hello ${name}`, `hello ${name}`]);
  }
  expect(asked).toEqual(['Chat alice', 'Chat bob']);
});
