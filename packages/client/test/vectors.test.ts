// The golden sequences of @longwire/protocol, played to a whole client with the sockets and the clock of the test.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import type { PositionInput } from '../src/arguments/position-input.js';
import type { LongwireClient } from '../src/client.js';
import { connectOn } from '../src/connect-on.js';
import type { LongwireError } from '../src/errors.js';
import { TestPlatform, type TestSocket, type WireObject } from './support/test-platform.js';

interface Step {
  readonly server?: WireObject & { readonly re?: { readonly key: string } };
  readonly app?: {
    readonly send: { readonly to: string; readonly body: string; readonly key: string; readonly echo?: boolean };
  };
  readonly lost?: boolean;
  readonly reconnected?: boolean;
  readonly elapsedMs?: number;
  readonly events: readonly object[];
  readonly sends?: readonly WireObject[];
  readonly positions?: Readonly<Record<string, PositionInput>>;
}

interface Sequence {
  readonly title: string;
  readonly cursors?: Readonly<Record<string, PositionInput>>;
  readonly steps: readonly Step[];
}

const protocolFolder = dirname(createRequire(import.meta.url).resolve('@longwire/protocol/package.json'));
const file = readFileSync(join(protocolFolder, 'vectors/client-sequences.json'), 'utf8');
const { user, sequences } = JSON.parse(file) as { user: string; sequences: Sequence[] };

/** A client and what its app has seen since the last step. */
class Player {
  readonly #platform = new TestPlatform();
  readonly #client: LongwireClient;
  #events: object[] = [];
  #socket: TestSocket | undefined;

  constructor(positions: Sequence['cursors']) {
    this.#client = connectOn(this.#platform, {
      url: 'ws://test',
      device: 'phone',
      positions,
      getToken: () => 'dev:alice',
    });
    this.#client.on('message', ({ own, channel, epoch, offset }) =>
      this.#events.push({ event: own ? 'own' : 'message', channel, epoch, offset }),
    );
    for (const event of ['member', 'group'] as const) {
      this.#client.on(event, ({ channel, epoch, offset }) => this.#events.push({ event, channel, epoch, offset }));
    }
    this.#client.on('gap', (gap) => this.#events.push({ event: 'gap', ...gap }));
    this.#client.on('receipt', ({ own: _own, ...receipt }) => this.#events.push({ event: 'receipt', ...receipt }));
    this.#client.on('signal', ({ own: _own, ...signal }) => this.#events.push({ event: 'signal', ...signal }));
    this.#client.on('channel', (channel) => this.#events.push({ event: 'channel', ...channel }));
    this.#client.on('invitation', (invitation) => this.#events.push({ event: 'invitation', ...invitation }));
    this.#client.on('error', ({ code }) => {
      if (code === 'position_fault') this.#events.push({ event: 'fault' });
    });
  }

  async begin(): Promise<void> {
    this.#socket = await this.#platform.signIn({ user });
    this.#socket.take();
  }

  async play(step: Step): Promise<void> {
    this.#events = [];
    await this.#act(step);
    await settled();
    expect(this.#events).toEqual(step.events);
    const sent = this.#socket?.take() ?? [];
    if (step.sends === undefined) expect(sent.filter(({ type }) => type !== 'ack')).toEqual([]);
    else expect(sent.map(withoutPrivateFields)).toEqual(step.sends.map(withoutPrivateFields));
    for (const [channel, position] of Object.entries(step.positions ?? {})) {
      expect(this.#client.position(channel)).toEqual(position);
    }
    if (step.positions !== undefined && Object.keys(step.positions).length === 0) {
      expect(this.#client.position('user/bob')).toBeUndefined();
    }
  }

  end(): Promise<void> {
    const ended = this.#client.close();
    this.#platform.sockets.at(-1)?.end(1000);
    return ended;
  }

  async #act({ server, app, lost, reconnected, elapsedMs }: Step): Promise<void> {
    if (server !== undefined) this.#socket?.push(this.#withId(server));
    if (app !== undefined) this.#send(app.send);
    if (lost === true) this.#socket?.end();
    if (reconnected === true) this.#socket = await this.#platform.comeBack({ user });
    if (elapsedMs !== undefined) await this.#platform.clock.advance(elapsedMs);
  }

  #withId(server: NonNullable<Step['server']>): object {
    if (server.re === undefined) return server;
    const key = server.re.key;
    return { ...server, re: this.#socket?.sent.findLast((command) => command['key'] === key)?.['id'] };
  }

  #send({ to, body, key, echo }: NonNullable<Step['app']>['send']): void {
    this.#client
      .channel(to)
      .send(body, { key, echo })
      .then(
        ({ epoch, offset }) => this.#events.push({ event: 'settled', key, epoch, offset }),
        (error: LongwireError) => this.#events.push({ event: 'refused', key, code: error.code }),
      );
  }
}

/** As the vectors leave them out; and `cursors: {}` says the same as none. */
function withoutPrivateFields(command: WireObject): object {
  const { id: _id, token: _token, device: _device, batch: _batch, client: _client, cursors, ...rest } = command;
  return cursors === undefined || Object.keys(cursors as object).length === 0 ? rest : { ...rest, cursors };
}

describe('the golden sequences', () => {
  it('are more than 25', () => {
    expect(sequences.length).toBeGreaterThan(25);
  });

  for (const { title, cursors, steps } of sequences) {
    it(title, async () => {
      const player = new Player(cursors);
      await player.begin();
      for (const step of steps) await player.play(step);
      await player.end();
    });
  }
});
