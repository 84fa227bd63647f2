// Endpoints found in folders and maps of modules: which, in what order, and what happens when one is broken.
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { defineApplication, defineEndpoint, EndpointContainer, type ModuleMap } from '../../src/index.js';
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
      code: 'SCAN_FAILED',
      message: expect.stringMatching(/broken\/c\.js cannot be loaded: it does not start$/),
      cause: expect.objectContaining({ message: 'it does not start' }),
    });
    expect(paths(container)).toEqual(['/before']);
  });

  it('that is not there says so', async () => {
    await expect(new EndpointContainer().scan(fixtures('nowhere'))).rejects.toMatchObject({
      code: 'SCAN_FAILED',
      message: expect.stringContaining('nowhere'),
    });
  });

  it('with two endpoints for the same paths adds none of them', async () => {
    const container = new EndpointContainer();
    await expect(container.scan(fixtures('twice'))).rejects.toMatchObject({ code: 'DUPLICATE_PATH' });
    expect(paths(container)).toEqual([]);
  });

  it('twice is refused, and leaves the first', async () => {
    const serving = await serve([]);
    await serving.container.scan(fixtures('endpoints'));
    await expect(serving.container.scan(fixtures('endpoints'))).rejects.toMatchObject({ code: 'DUPLICATE_PATH' });
    expect(paths(serving.container)).toHaveLength(3);
    await serving.connect('/chat/kitchen');
    expect(serving.container.endpoints().get('/chat/{room}')!.openSessions()).toHaveLength(1);
    for (const path of paths(serving.container)) serving.container.remove(path);
  });
});

describe('scanning a map of modules', () => {
  const [one, two] = [defineEndpoint('/one', {}), defineEndpoint('/two', {})];

  it('takes modules and functions that load them', async () => {
    const container = new EndpointContainer();
    await container.scan({ './one.ts': { one, other: null }, './two.ts': async () => ({ two }) });
    expect(paths(container)).toEqual(['/one', '/two']);
  });

  it.each<[what: string, module: ModuleMap[string]]>([
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
      code: 'SCAN_FAILED',
      message: './bad.ts cannot be loaded: not today',
    });
    expect(paths(container)).toEqual([]);
  });

  it.each<[what: string, run: (container: EndpointContainer) => Promise<unknown>, code: string]>([
    ['no folder and no map', (container) => container.scan(7 as never), 'INVALID_OPTION'],
    ['a misspelt option', (container) => container.scan({}, { fliter: () => true } as never), 'UNKNOWN_OPTION'],
    ['a filter that is no function', (container) => container.scan({}, { filter: true as never }), 'INVALID_OPTION'],
    ['what is no endpoint', (container) => container.scan({}, { add: [class {}] }), 'NOT_AN_ENDPOINT'],
    [
      'a choice that was not found',
      (container) => container.scan({ a: { one, app: defineApplication({ annotated: () => [{} as never] }) } }),
      'INVALID_OPTION',
    ],
    [
      'an application that adds no list',
      (container) => container.scan({ a: { one, app: defineApplication({ endpoints: () => one as never }) } }),
      'INVALID_OPTION',
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
        if (what === 'a module') expect(thrown).toMatchObject({ code: 'SCAN_FAILED', cause: value });
        else expect(thrown).toEqual(what === 'filter' ? faultOfAnswer(form, value) : value);
        expect(paths(container)).toEqual([]);
      },
    );
  });
});

it.each<[what: string, config: unknown, code: string]>([
  ['a misspelt question', { anotated: () => [] }, 'UNKNOWN_OPTION'],
  ['an answer that is no function', { endpoints: [] }, 'INVALID_OPTION'],
  ['nothing', undefined, 'INVALID_OPTION'],
])('defineApplication refuses %s', (_what, config, code) => {
  expect(() => defineApplication(config as never)).toThrow(expect.objectContaining({ code }));
});
