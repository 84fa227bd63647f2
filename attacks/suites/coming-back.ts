// A server is killed and comes back, and so do all its clients. Row 31 of docs/fault-catalogue.md.

import { defineClientEndpoint, EndpointContainer } from '@longwire/endpoint';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { EngineProcess } from '../harness/engine-process.js';

export interface ComingBackScale {
  readonly clients: number;
  /** Of the server: further ones are answered with 503. */
  readonly maxPendingHandshakes: number;
  readonly withinMs: number;
}

export function describeComingBack({ clients, maxPendingHandshakes, withinMs }: ComingBackScale): void {
  describe(`${clients} client endpoints whose server is killed`, () => {
    it('all reconnect although maxPendingHandshakes admits few at a time, and each is answered (row 31)', async () => {
      const settings = { maxPendingHandshakes, hookMs: 10 };
      let server = await EngineProcess.startContainer(settings);
      const unhandled: unknown[] = [];
      const answers = new Set<number>();
      const container = new EndpointContainer({ onUnhandledError: (error) => void unhandled.push(error) });
      try {
        const url = `${server.url}busy`;
        const endpoint = defineClientEndpoint({
          reconnect: { minDelayMs: 50, maxDelayMs: 1_000 },
          onText: (text) => void answers.add(Number(text)),
        });
        const connections = await Promise.all(Array.from({ length: clients }, () => container.connect(endpoint, url)));
        const before = connections.map(({ session }) => session);
        const { port } = server;
        await server.stop();
        await until(() => connections.every(({ state }) => state !== 'open'), 'that all have noticed');
        server = await EngineProcess.startContainer({ ...settings, port });
        const begun = performance.now();
        await until(() => connections.every(({ state }) => state === 'open'), 'that all are back', withinMs);
        process.stdout.write(`${clients} clients are back after ${Math.round(performance.now() - begun)} ms\n`);
        for (const [index, { session }] of connections.entries()) {
          expect(session).not.toBe(before[index]);
          session!.send(String(index));
        }
        await until(() => answers.size === clients, 'an answer to each');
        expect(unhandled).toEqual([]);
        expect({ isRunning: server.isRunning, output: server.output }).toEqual({ isRunning: true, output: '' });
      } finally {
        await container.close({ withinMs: 500 });
        await server.stop();
      }
    });
  });
}
