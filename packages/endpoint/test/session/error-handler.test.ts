// What an error handler is told; that it is told whatever fails, failures.test.ts and faults.test.ts show.

import { until } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import { OnError, OnMessage, ServerEndpoint, type Session } from '../../src/index.js';
import { serve } from '../serving.js';

it('onError gets the error and the session in which it happened', async () => {
  const errors: unknown[] = [];
  @ServerEndpoint('/{name}')
  class Failing {
    @OnMessage() text(message: string): string {
      throw new Error(message);
    }
    @OnError() failed(error: unknown, session: Session) {
      errors.push([(error as Error).message, session.path['name']]);
      session.send('an error');
    }
  }
  const serving = await serve([Failing]);
  const [alice, bob] = [await serving.connect('/alice'), await serving.connect('/bob')];
  alice.send('of alice');
  await until(() => errors.length === 1);
  bob.send('of bob');
  await until(() => errors.length === 2);
  expect(errors).toEqual([
    ['of alice', 'alice'],
    ['of bob', 'bob'],
  ]);
  expect([await alice.received(1), await bob.received(1)]).toEqual([['an error'], ['an error']]);
});
