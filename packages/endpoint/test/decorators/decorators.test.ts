import { expect, it } from 'vitest';
import { OnMessage, ServerEndpoint } from '../../src/index.js';
import { describeDecoratedEndpoints } from '../decorator-suite.js';
import { serve } from '../serving.js';
import * as fixtures from './endpoints.js';

describeDecoratedEndpoints('TC39 decorators', fixtures);

it('#private methods may be handlers, which only TC39 decorators can decorate', async () => {
  @ServerEndpoint('/private')
  class Private {
    readonly #prefix = 'private';
    // biome-ignore lint/correctness/noUnusedPrivateClassMembers: its decorator makes it a handler
    @OnMessage() #text(message: string) {
      return `${this.#prefix} ${message}`;
    }
  }
  const serving = await serve([Private]);
  const client = await serving.connect('/private');
  client.send('x');
  expect(await client.received(1)).toEqual(['private x']);
});
