// One way to refuse in all hooks: a refusal refuses, returned or thrown, and one that is forgotten is a warning.
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  type Configurator,
  type ConnectionRefusal,
  closeWith,
  defineEndpoint,
  guest,
  refuse,
} from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';
import { warningsFromNowOn } from '../warnings.js';

class Room {
  onText(text: string): string {
    return text;
  }
}

const hooks = [
  'checkOrigin',
  'authenticate',
  'selectSubprotocol',
  'selectExtensions',
  'modifyHandshake',
  'createInstance',
] as const;

const ways: [way: string, answer: (refusal: ConnectionRefusal) => unknown][] = [
  ['returned', (refusal) => refusal],
  ['returned later', async (refusal) => refusal],
  [
    'thrown',
    (refusal) => {
      throw refusal;
    },
  ],
  [
    'thrown later',
    async (refusal) => {
      throw refusal;
    },
  ],
];

/** An endpoint one of whose hooks answers with a refusal. */
function refusing(hook: (typeof hooks)[number], make: () => ConnectionRefusal, answer: (typeof ways)[number][1]) {
  const configurator = { [hook]: () => answer(make()) } as Configurator;
  return defineEndpoint('/x', Room, { configurator, subprotocols: ['v1'], limits: { perMessageDeflate: true } });
}

describe.each(hooks)('a refusal of %s', (hook) => {
  it.each(ways)('refuses the client when it is %s, and is neither reported nor warned of', async (_way, answer) => {
    const warnings = warningsFromNowOn();
    const serving = await serve([refusing(hook, () => refuse(403, 'Not here.'), answer)]);
    if (hook === 'createInstance') {
      // The upgrade has happened: what was the sentence is the reason.
      const client = await serving.connect('/x');
      expect(await client.closed).toEqual({ code: 1008, reason: 'Not here.' });
    } else {
      expect(await askUpgrade(serving.port, '/x')).toMatchObject({ status: 403, body: 'Not here.\n' });
    }
    expect(serving.unhandled).toEqual([]);
    expect(serving.container.endpoints().get('/x')!.openSessions()).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it.each(ways)('with closeWith closes with its code when it is %s', async (_way, answer) => {
    const serving = await serve([refusing(hook, () => closeWith(4403, 'not here'), answer)]);
    const client = await serving.connect('/x', { protocols: ['v1'] });
    expect(await client.closed).toEqual({ code: 4403, reason: 'not here' });
    expect(client.socket.protocol).toBe('v1');
    expect(serving.unhandled).toEqual([]);
  });
});

it('refuse(401) without a sentence says the name of the status', async () => {
  const endpoint = defineEndpoint('/x', { configurator: { authenticate: () => refuse(401) } });
  const { port } = await serve([endpoint]);
  expect(await askUpgrade(port, '/x')).toMatchObject({ status: 401, body: 'Unauthorized\n' });
});

it('a reason of 1008 that a sentence of createInstance becomes is cut to 123 bytes', async () => {
  const sentence = `${'x'.repeat(120)}爱你`;
  const serving = await serve([
    refusing(
      'createInstance',
      () => refuse(403, sentence),
      (refusal) => refusal,
    ),
  ]);
  const client = await serving.connect('/x');
  expect(await client.closed).toEqual({ code: 1008, reason: `${'x'.repeat(120)}爱` });
});

it('selectSubprotocol is asked once, also if a later hook refuses with closeWith', async () => {
  let asked = 0;
  const configurator: Configurator = {
    selectSubprotocol: () => `v${++asked}`,
    modifyHandshake: () => closeWith(4403),
  };
  const serving = await serve([defineEndpoint('/x', { configurator, subprotocols: ['v1'] })]);
  const client = await serving.connect('/x', { protocols: ['v1'] });
  expect((await client.closed).code).toBe(4403);
  expect(asked).toBe(1);
});

describe('a refusal that a hook makes and forgets', () => {
  const forgetful: Record<string, Configurator['authenticate']> = {
    'a hook that answers at once': () => {
      refuse(401, 'at once');
      return guest;
    },
    'a hook that answers later': async () => {
      refuse(401, 'before it waits');
      await new Promise((resolve) => setImmediate(resolve));
      closeWith(4401, 'after it waited');
      return guest;
    },
  };

  it.each(Object.entries(forgetful))('of %s lets the client in, with a warning', async (what, authenticate) => {
    const warnings = warningsFromNowOn();
    const endpoint = defineEndpoint('/x', { configurator: { authenticate: authenticate! } });
    const { port } = await serve([endpoint]);
    expect((await askUpgrade(port, '/x')).status).toBe(101);
    const calls =
      what === 'a hook that answers at once'
        ? ['refuse(401, "at once")']
        : ['refuse(401, "before it waits")', 'closeWith(4401, "after it waited")'];
    await until(() => warnings.length === calls.length);
    for (const [index, call] of calls.entries()) {
      expect(warnings[index]!.message).toContain(call);
      expect(warnings[index]!.message).toContain('neither returned nor threw it');
    }
  });

  it('is warned of once, whatever is pending elsewhere, and never when another hook returns a constant', async () => {
    const warnings = warningsFromNowOn();
    const constant = refuse(403, 'a constant');
    const pending: (() => void)[] = [];
    const configurator: Configurator = {
      async authenticate({ url }) {
        if (url.endsWith('wait')) await new Promise<void>((resolve) => void pending.push(resolve));
        if (url.endsWith('constant')) return constant;
        if (url.endsWith('forget')) refuse(401, 'forgotten');
        return guest;
      },
    };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    const waiting = askUpgrade(port, '/x?wait');
    await until(() => pending.length === 1);
    for (let time = 0; time < 2; time++) {
      expect((await askUpgrade(port, '/x?constant')).status).toBe(403);
      expect((await askUpgrade(port, '/x?forget')).status).toBe(101);
    }
    // It might still be the answer of the one that waits.
    expect(warnings).toEqual([]);
    pending[0]!();
    expect((await waiting).status).toBe(101);
    await until(() => warnings.length > 0);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('refuse(401, "forgotten")')]);
  });
});
