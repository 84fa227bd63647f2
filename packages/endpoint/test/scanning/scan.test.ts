// Endpoints found in folders and maps of modules: which, in what order, and what happens when one is broken.
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  defineApplication,
  defineEndpoint,
  EndpointContainer,
  type ModuleMap,
  OnMessage,
  type ScannedEndpoint,
  ServerEndpoint,
} from '../../src/index.js';
import { expectNoUnhandledRejection, faultOfAnswer, waysToFail } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

import { serve } from '../serving.js';

const fixtures = (name: string) => new URL(`./fixtures/${name}/`, import.meta.url);
const paths = (container: EndpointContainer) => [...container.endpoints().keys()];

describe('scanning a folder', () => {
  it('serves every class with @ServerEndpoint and every defined endpoint, once each', async () => {
    const serving = await serve([]);
    const added = await serving.container.scan(fixtures('endpoints'));
    expect(added.map(({ path }) => path).sort()).toEqual(['/chat/{room}', '/default', '/echo']);
    expect(paths(serving.container)).toHaveLength(3);
    const client = await serving.connect('/chat/kitchen');
    client.send('hello');
    expect(await client.received(1)).toEqual(['kitchen: hello']);
    for (const path of paths(serving.container)) serving.container.remove(path);
  });

  it.each<[what: string, source: string | URL]>([
    ['a path', fileURLToPath(fixtures('endpoints'))],
    ['a path without a slash at its end', fileURLToPath(fixtures('endpoints')).slice(0, -1)],
    ['the text of a URL that is made into one', new URL(fixtures('endpoints').href)],
  ])('takes %s', async (_what, source) => {
    const container = new EndpointContainer();
    expect(await container.scan(source)).toHaveLength(3);
  });

  it('leaves out what the filter leaves out, and adds what is to be added', async () => {
    const container = new EndpointContainer();
    const seen: string[] = [];
    await container.scan(fixtures('endpoints'), {
      filter: ({ definition, module, exportName }) => {
        seen.push(`${definition.path} ${module.split('/endpoints/')[1]} ${exportName}`);
        return definition.name === 'Chat';
      },
      add: [defineEndpoint('/extra', {})],
    });
    expect(paths(container)).toEqual(['/extra', '/chat/{room}']);
    expect(seen).toEqual([
      '/echo again.mjs echo',
      '/echo again.mjs theSame',
      '/chat/{room} chat.ts Chat',
      '/default deeper/echo.js default',
      '/echo deeper/echo.js echo',
    ]);
  });

  it('lets the applications in it choose and add; what one of them chose is served', async () => {
    const serving = await serve([]);
    await serving.container.scan(fixtures('application'));
    expect(paths(serving.container).sort()).toEqual(['/added', '/annotated']);
    const client = await serving.connect('/added');
    client.send('x');
    expect(await client.received(1)).toEqual(['added']);
    for (const path of paths(serving.container)) serving.container.remove(path);
  });

  it('that has a broken module names it, and adds nothing', async () => {
    const container = new EndpointContainer();
    container.add(defineEndpoint('/before', {}));
    await expect(container.scan(fixtures('broken'))).rejects.toMatchObject({
      code: 'scan_failed',
      message: expect.stringMatching(/broken\/c\.js cannot be loaded: it does not start$/),
      cause: expect.objectContaining({ message: 'it does not start' }),
    });
    expect(paths(container)).toEqual(['/before']);
  });

  it('that is not there says so', async () => {
    await expect(new EndpointContainer().scan(fixtures('nowhere'))).rejects.toMatchObject({
      code: 'scan_failed',
      message: expect.stringContaining('nowhere'),
    });
  });

  it('with two endpoints for the same paths adds none of them', async () => {
    const container = new EndpointContainer();
    await expect(container.scan(fixtures('twice'))).rejects.toMatchObject({ code: 'duplicate_path' });
    expect(paths(container)).toEqual([]);
  });

  it('twice is refused, and leaves the first', async () => {
    const serving = await serve([]);
    await serving.container.scan(fixtures('endpoints'));
    await expect(serving.container.scan(fixtures('endpoints'))).rejects.toMatchObject({ code: 'duplicate_path' });
    expect(paths(serving.container)).toHaveLength(3);
    await serving.connect('/chat/kitchen');
    expect(serving.container.endpoints().get('/chat/{room}')!.openSessions()).toHaveLength(1);
    for (const path of paths(serving.container)) serving.container.remove(path);
  });
});

describe('scanning a map of modules', () => {
  const [one, two] = [defineEndpoint('/one', {}), defineEndpoint('/two', {})];
  @ServerEndpoint('/decorated')
  class Decorated {
    @OnMessage() text() {}
  }

  it('takes modules and functions that load them', async () => {
    const container = new EndpointContainer();
    await container.scan({ './one.ts': { one, other: null }, './two.ts': async () => ({ two }) });
    expect(paths(container)).toEqual(['/one', '/two']);
  });

  it.each<[what: string, source: object, found: string[]]>([
    ['a Map', new Map([['./one.ts', { one }]]), ['/one one']],
    ['a list of modules', [{ one }, async () => ({ two })], ['/one one', '/two two']],
    ['promises of modules', { a: Promise.resolve({ one }) }, ['/one one']],
    ['a module of modules', { __proto__: null, './one.ts': { one } }, ['/one one']],
    // What a bundler loads for `import: 'default'`.
    ['endpoints for modules', { a: one, b: Decorated }, ['/one default', '/decorated default']],
    ['loaders of endpoints', { a: async () => Decorated }, ['/decorated default']],
    ['exported lists', { a: { all: [one, [Decorated]], n: [7] } }, ['/one all[0]', '/decorated all[1][0]']],
    // What `import()` makes of a CommonJS module whose exports are computed, in Node 20 and 24.
    ['CommonJS exports', { a: { default: { one, two } } }, ['/one default.one', '/two default.two']],
    ['them twice', { a: { default: { one }, 'module.exports': { one } } }, ['/one default.one']],
    ['a list in them', { a: { default: { all: [one] } } }, ['/one default.all[0]']],
    ['exports that are there under a name as well', { a: { default: { one }, one } }, ['/one one']],
  ])('takes %s', async (_what, source, found) => {
    const container = new EndpointContainer();
    const seen: string[] = [];
    const filter = (given: ScannedEndpoint) => seen.push(`${given.definition.path} ${given.exportName}`) > 0;
    await container.scan(source as ModuleMap, { filter });
    expect(seen).toEqual(found);
    expect(container.endpoints().size).toBe(found.length);
  });

  it('takes one module as it was imported, and calls nothing that it exports', async () => {
    const container = new EndpointContainer();
    const imported = await import('./fixtures/imported/endpoints.js');
    await container.scan(imported as object as ModuleMap);
    expect(paths(container)).toEqual(['/imported', '/listed']);
    expect(imported.calls).toEqual([]);
  });

  it('takes the modules of a module that only exports modules', async () => {
    const container = new EndpointContainer();
    await container.scan((await import('./fixtures/imported/modules.js')) as object as ModuleMap);
    expect(paths(container)).toEqual(['/imported', '/listed']);
  });

  it.each<[what: string, module: unknown, sentence: string]>([
    ['null', null, 'not null'],
    ['the name of a file', './chat.js', "not './chat.js'"],
    ['a class without @ServerEndpoint', class Chat {}, 'not the class Chat without @ServerEndpoint'],
    ['a loader of nothing', () => undefined, 'not undefined'],
  ])('refuses %s in place of a module, by name', async (_what, module, sentence) => {
    const scan = new EndpointContainer().scan({ './bad.ts': module } as ModuleMap);
    await expect(scan).rejects.toMatchObject({
      code: 'scan_failed',
      message: `./bad.ts cannot be loaded: expected a module, or a function that loads one, ${sentence}`,
    });
  });

  it.each<[what: string, source: unknown, sentence: string]>([
    ['a promise', Promise.resolve({ a: { one } }), 'await the promise first'],
    ['an endpoint', one, 'container.add takes an endpoint itself'],
    ['a class', Decorated, 'container.add takes an endpoint itself'],
    ['a Set', new Set([{ one }]), 'modules by name'],
    ['nothing', undefined, 'modules by name'],
    ['a function', () => ({ one }), 'modules by name'],
  ])('refuses %s, of which it would find nothing', async (_what, source, sentence) => {
    await expect(new EndpointContainer().scan(source as ModuleMap)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(sentence),
    });
  });

  it('that is empty finds nothing', async () => {
    expect(await new EndpointContainer().scan({})).toEqual([]);
    expect(await new EndpointContainer().scan(new Map())).toEqual([]);
  });

  it.each<[what: string, module: object]>([
    [
      'throws',
      () => {
        throw new Error('not today');
      },
    ],
    ['rejects', () => Promise.reject(new Error('not today'))],
    [
      'has an export that cannot be read',
      {
        get early() {
          throw new Error('not today');
        },
      },
    ],
  ])('whose loader %s names the module and adds nothing', async (_what, module) => {
    const container = new EndpointContainer();
    await expect(container.scan({ './one.ts': { one }, './bad.ts': module })).rejects.toMatchObject({
      code: 'scan_failed',
      message: './bad.ts cannot be loaded: not today',
    });
    expect(paths(container)).toEqual([]);
  });

  it.each<[what: string, run: (container: EndpointContainer) => Promise<unknown>, code: string]>([
    ['no folder and no map', (container) => container.scan(7 as never), 'invalid_option'],
    ['a misspelt option', (container) => container.scan({}, { fliter: () => true } as never), 'unknown_option'],
    ['a filter that is no function', (container) => container.scan({}, { filter: true as never }), 'invalid_option'],
    ['what is no endpoint', (container) => container.scan({}, { add: [class {}] }), 'not_an_endpoint'],
    [
      'a choice that was not found',
      (container) => container.scan({ a: { one, app: defineApplication({ annotated: () => [{} as never] }) } }),
      'invalid_option',
    ],
    [
      'an application that adds no list',
      (container) => container.scan({ a: { one, app: defineApplication({ endpoints: () => one as never }) } }),
      'invalid_option',
    ],
  ])('refuses %s', async (_what, run, code) => {
    const container = new EndpointContainer();
    await expect(run(container)).rejects.toMatchObject({ code });
    expect(paths(container)).toEqual([]);
  });

  describe('that fails in a question to the program adds nothing and passes on what it threw:', () => {
    const map = { a: { one, two } };
    const scans: Record<string, (container: EndpointContainer, fail: () => never) => Promise<unknown>> = {
      annotated: (container, fail) => container.scan({ ...map, b: { app: defineApplication({ annotated: fail }) } }),
      endpoints: (container, fail) => container.scan({ ...map, b: { app: defineApplication({ endpoints: fail }) } }),
      filter: (container, fail) => container.scan(map, { filter: fail }),
      'a module': (container, fail) => container.scan({ ...map, b: fail }),
    };

    it.each(Object.entries(scans).flatMap(([what, scan]) => waysToFail.map((given) => ({ ...given, what, scan }))))(
      '$what that $form',
      async ({ what, scan, form, fail, value }) => {
        const container = new EndpointContainer();
        const thrown = await scan(container, fail(value)).then(
          () => 'nothing',
          (error: unknown) => error,
        );
        if (what === 'a module') expect(thrown).toMatchObject({ code: 'scan_failed', cause: value });
        else expect(thrown).toEqual(what === 'filter' ? faultOfAnswer(form, value) : value);
        expect(paths(container)).toEqual([]);
      },
    );
  });
});

it.each<[what: string, config: unknown, code: string]>([
  ['a misspelt question', { anotated: () => [] }, 'unknown_option'],
  ['an answer that is no function', { endpoints: [] }, 'invalid_option'],
  ['nothing', undefined, 'invalid_option'],
])('defineApplication refuses %s', (_what, config, code) => {
  expect(() => defineApplication(config as never)).toThrow(expect.objectContaining({ code }));
});
