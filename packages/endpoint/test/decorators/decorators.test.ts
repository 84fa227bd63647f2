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
    @OnMessage() #text(message: string) {
      return `${this.#prefix} ${message}`;
    }
    @OnMessage({ kind: 'binary' }) bytes(data: Uint8Array) {
      return this.#text(`${data.length} bytes`);
    }
  }
  const serving = await serve([Private]);
  const client = await serving.connect('/private');
  client.send('x');
  client.send(new Uint8Array(2));
  expect(await client.received(2)).toEqual(['private x', 'private 2 bytes']);
});
