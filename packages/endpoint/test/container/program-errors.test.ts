// Errors of the program outside of handlers, in an endpoint without onError: they end nothing, so they must be seen.
import { createServer } from 'node:http';
import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { dial } from '@longwire/websocket';
import { afterEach, describe, expect, it } from 'vitest';
import { type ContainerOptions, defineEndpoint, EndpointContainer, type Session } from '../../src/index.js';
import { listen } from '../serving.js';
import { warningsFromNowOn } from '../warnings.js';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

/** Gives a session of an endpoint without onError, in a container without onUnhandledError. */
async function openSession(options: ContainerOptions = {}): Promise<Session> {
  const container = new EndpointContainer(options);
  const opened = deferred<Session>();
  container.add(defineEndpoint('/x', { onOpen: (session) => opened.resolve(session as Session) }));
  const server = createServer();
  container.attach(server);
  const port = await listen(server);
  undo.push(async () => {
    await container.close({ withinMs: 500 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await dial(`ws://127.0.0.1:${port}/x`, { handler: {} });
  return opened.promise;
}

const mistakes: [what: string, act: (session: Session) => unknown, says: string][] = [
  [
    'session.send({})',
    (session) => session.send({} as never),
    'expected a string or a Uint8Array to send, got an object',
  ],
  ['session.send(5)', (session) => session.send(5 as never), 'got a number'],
  ['session.send(undefined)', (session) => session.send(undefined as never), 'got undefined'],
  ['session.sendPrepared({})', (session) => session.sendPrepared({} as never), 'expected a PreparedMessage'],
  [
    'session.sendObject({}) without an encoder',
    (session) => session.sendObject({}),
    'no encoder of the endpoint takes an object',
  ],
  ["session.close('bye')", (session) => session.close('bye' as never), 'a close code is a number, not "bye"'],
  ['session.close(1006)', (session) => session.close(1006), '1006 must not be sent'],
  ['session.ping(126 bytes)', (session) => session.ping(Buffer.alloc(126)), '125'],
  [
    'session.batch with a promise that rejects',
    (session) => void session.batch(() => Promise.reject(new TypeError('broken'))),
    'TypeError: broken',
  ],
];

describe('without onError and onUnhandledError', () => {
  it.each(mistakes)("%s is a warning, with the caller's line in its stack", async (what, act, says) => {
    const warnings = warningsFromNowOn();
    act(await openSession());
    await until(() => warnings.length > 0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]!.message).toMatch(/^endpoint \/x has no onError, so this kind of error is shown once: /);
    expect(warnings[0]!.message).toContain(says);
    expect(warnings[0]!.message, what).toContain('program-errors.test.ts');
  });

  it('each kind of error is warned of once for an endpoint', async () => {
    const warnings = warningsFromNowOn();
    const session = await openSession();
    for (let time = 0; time < 3; time++) {
      session.send(5 as never);
      session.sendObject({});
    }
    await until(() => warnings.length > 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.map(({ message }) => /code: '(\w+)'/.exec(message)?.[1])).toEqual([
      'invalid_message',
      'encode_failed',
    ]);
  });

  it('a send after the end, which any peer can cause, is no warning', async () => {
    const warnings = warningsFromNowOn();
    const session = await openSession();
    session.terminate();
    session.send('too late');
    session.sendObject('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

it('with onUnhandledError session.send({}) is reported there each time, and is no warning', async () => {
  const warnings = warningsFromNowOn();
  const errors: unknown[] = [];
  const session = await openSession({ onUnhandledError: (error) => void errors.push(error) });
  for (let time = 0; time < 2; time++) session.send({} as never);
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toMatchObject([{ code: 'invalid_message' }, { code: 'invalid_message' }]);
  expect(warnings).toEqual([]);
});
