// The arguments of `on`.

import { expect, it } from 'vitest';
import { startClient } from './support/start-client.js';

it('on() throws invalid_field for an unknown event, a listener that is not a function, and invalid options', () => {
  const { client } = startClient();
  const wrong: [unknown, unknown, unknown?][] = [
    ['mesage', () => undefined],
    ['toString', () => undefined],
    [undefined, () => undefined],
    ['message', 'x'],
    ['message', undefined],
    ['message', () => undefined, null],
    ['message', () => undefined, { signal: {} }],
  ];
  for (const [name, listener, options] of wrong) {
    expect(() => client.on(name as never, listener as never, options as never)).toThrowError(
      expect.objectContaining({ name: 'LongwireError', code: 'invalid_field' }),
    );
  }
});
