import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer } from '@longwire/test-support/test-server';
import { WireClient } from '@longwire/test-support/wire-client';
import { expect, it } from 'vitest';

const inMemory = { LONGWIRE_DATA: 'memory:' };

it('longwire serve with LONGWIRE_DATA=memory: says that nothing is kept, delivers, and has forgotten it after a restart', async () => {
  const server = await ServerProcess.start(inMemory);
  try {
    expect(server.output).toMatch(/Storage +memory \(nothing is kept when the server ends\)/);
    expect(server.output).toContain('Nothing is kept: data is memory:');
    const alice = await WireClient.signIn(server.gatewayUrl, 'alice');
    const sent = await alice.ask({ type: 'send', to: 'user/bob', body: { text: 'hello' } });
    expect(sent).toMatchObject({ type: 'sent', offset: 1 });
    const bob = await WireClient.signIn(server.gatewayUrl, 'bob');
    expect(await bob.find(({ type }) => type === 'message')).toMatchObject({ from: 'alice', body: { text: 'hello' } });

    await server.kill('SIGTERM');
    await server.startAgain();
    const again = await WireClient.signIn(server.gatewayUrl, 'bob');
    expect(again.ofType('connected')).toMatchObject([{ device: 'new', channels: [] }]);
    const next = await again.ask({ type: 'send', to: 'user/alice', body: 1 });
    expect(next).toMatchObject({ type: 'sent', offset: 1 });
    // Another life of the log: positions of the first one are not taken for positions of this one.
    expect(next['epoch']).not.toBe(sent['epoch']);
    await again.end();
  } finally {
    await server.remove();
  }
});

it('data memory: answers send with storage_full beyond limits.memoryBytes, is not ready then, and goes on reading', async () => {
  const server = await startTestServer({ ...inMemory, LONGWIRE_LIMITS_MEMORY_BYTES: String(1_048_576) });
  try {
    const alice = await WireClient.signIn(server.url, 'alice');
    const body = 'x'.repeat(60_000);
    let answer = await alice.ask({ type: 'send', to: 'user/bob', body });
    let stored = 0;
    for (; answer.type === 'sent'; stored += 1) answer = await alice.ask({ type: 'send', to: 'user/bob', body });
    expect(answer).toMatchObject({ type: 'error', code: 'storage_full' });
    expect(stored).toBeGreaterThan(3);
    expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(503);
    const history = await alice.ask({ type: 'history', channel: 'user/bob', limit: 1 });
    expect(history['entries']).toMatchObject([{ offset: stored }]);
    await alice.end();
  } finally {
    await server.remove();
  }
});
