// What decorated endpoints do, asked of the same declarations in both decorator modes.

import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { type EndpointClass, EndpointContainer } from '../src/index.js';
import { serve } from './serving.js';

type FixtureName = 'Chat' | 'Orders' | 'Parts' | 'Inheriting' | 'Sibling' | 'SymbolNamed' | 'Injected' | 'Undecorated';

/** What each of the two `endpoints.ts` exports; their classes are different ones. */
interface Fixtures {
  declareEndpoints(record: (event: string) => void): Record<FixtureName, EndpointClass>;
  readonly mistakes: Readonly<Record<string, { code: string; declare: () => unknown }>>;
}

export function describeDecoratedEndpoints(mode: string, fixtures: Fixtures): void {
  describe(`endpoints with ${mode}`, () => {
    it('open, answer text and bytes, hear pongs and close, each connection on an instance of its own', async () => {
      const events: string[] = [];
      const { Chat } = fixtures.declareEndpoints((event) => events.push(event));
      const serving = await serve([Chat]);
      const first = await serving.connect('/chat/lobby', { protocols: ['chat.v0', 'chat.v1'] });
      const second = await serving.connect('/chat/attic');

      first.send('a');
      first.send('b');
      second.send('c');
      first.send(Buffer.from('abc'));
      first.socket.pong('p');

      expect(await first.received(3)).toEqual(['lobby 1: a', 'lobby 2: b', Buffer.from('cba')]);
      expect(await second.received(1)).toEqual(['attic 1: c']);
      await first.close(3001);
      await second.close();
      await until(() => events.length === 5);
      expect(events.slice(0, 2)).toEqual(['open lobby chat.v1', 'open attic ']);
      expect(events.slice(2).sort()).toEqual(['close attic 1000', 'close lobby 3001', 'pong p lobby']);
      expect(serving.unhandled).toEqual([]);
    });

    it('get objects, streams and parts, on one instance for all if it is shared', async () => {
      const events: string[] = [];
      const { Orders, Parts } = fixtures.declareEndpoints((event) => events.push(event));
      const serving = await serve([Orders, Parts]);
      const first = await serving.connect('/orders');
      const second = await serving.connect('/orders');
      first.send('{"symbol":"LWR"}');
      expect(await first.received(1)).toEqual(['{"accepted":"LWR","count":1}']);
      second.send('{"symbol":"END"}');
      second.socket.send(Buffer.alloc(5), { fin: false });
      second.socket.send(Buffer.alloc(6), { fin: true });
      expect(await second.received(2)).toEqual(['{"accepted":"END","count":2}', '[11]']);
      const parts = await serving.connect('/parts');
      parts.socket.send('a', { fin: false });
      parts.socket.send('b', { fin: true });
      parts.send(Buffer.alloc(3));
      expect(await parts.received(1)).toEqual(['/parts ab']);
      await until(() => events.includes('3 true'));
      expect(events.slice(0, 2)).toEqual(['open Orders shared', 'open Orders shared']);
    });

    it('inherit handlers, which overriding methods replace and siblings do not see', async () => {
      const events: string[] = [];
      const { Inheriting, Sibling } = fixtures.declareEndpoints((event) => events.push(event));
      const serving = await serve([Inheriting, Sibling]);
      const inheriting = await serving.connect('/inheriting');
      const sibling = await serving.connect('/sibling');
      inheriting.send('x');
      sibling.send('x');
      expect(await inheriting.received(1)).toEqual(['inheriting base x']);
      expect(await sibling.received(1)).toEqual(['base x']);
      await inheriting.close();
      await until(() => events.includes('close inheriting'));
      await sibling.close();
      await until(() => events.includes('close sibling'));
      expect(events).toEqual(['open inheriting', 'open base', 'close inheriting', 'close sibling']);
    });

    it('may name handlers by symbols and get instances from a configurator', async () => {
      const { SymbolNamed, Injected } = fixtures.declareEndpoints(() => {});
      const serving = await serve([SymbolNamed, Injected]);
      const symbol = await serving.connect('/symbol');
      const injected = await serving.connect('/injected');
      symbol.send('x');
      injected.send('x');
      expect(await symbol.received(1)).toEqual(['symbol x']);
      expect(await injected.received(1)).toEqual(['from the service']);
    });

    it('are refused by the container when @ServerEndpoint is missing', () => {
      const { Undecorated } = fixtures.declareEndpoints(() => {});
      expect(() => new EndpointContainer().add(Undecorated)).toThrow('class Base without @ServerEndpoint');
    });

    it.each(Object.entries(fixtures.mistakes))('refuse %s when declared', (_name, { code, declare }) => {
      expect(declare).toThrow(expect.objectContaining({ name: 'EndpointError', code }));
    });
  });
}
