// What plain JavaScript may give where options stand: each is refused when it is given, with what would be right.
import { describe, expect, it } from 'vitest';
import { defineClientEndpoint, defineEndpoint, EndpointContainer, jsonEncoder } from '../../src/index.js';

const refusal = (code: string, sentence: string) =>
  expect.objectContaining({ name: 'EndpointError', code, message: expect.stringContaining(sentence) });

const withoutPrototype = (members: object): object => Object.assign(Object.create(null), members);

describe('a configurator', () => {
  it.each<[what: string, configurator: unknown, sentence: string]>([
    ['null, which may stand for checks that were not found', null, 'not null'],
    ['a text', 'strict', 'not a string'],
    ['a function that makes one', () => ({}), 'give what it returns'],
    ['an async function', async () => ({}), 'give what it returns'],
  ])('that is %s is refused', (_what, configurator, sentence) => {
    const declare = () => defineEndpoint('/x', { configurator } as never);
    expect(declare).toThrow(refusal('invalid_option', sentence));
  });

  it('without a prototype is asked for misspelt hooks as others are', () => {
    const configurator = withoutPrototype({ chekOrigin: () => false });
    expect(() => defineEndpoint('/x', { configurator })).toThrow(refusal('unknown_option', '"checkOrigin"'));
    expect(() => defineEndpoint('/x', { configurator: withoutPrototype({ checkOrigin: () => false }) })).not.toThrow();
  });

  it('may be made by a function that is called with new', () => {
    let made = 0;
    function OldStyle(this: object): void {
      made++;
    }
    defineEndpoint('/x', { configurator: OldStyle as never });
    expect(made).toBe(1);
  });
});

describe('a list of codecs', () => {
  it.each<[what: string, options: object, sentence: string]>([
    ['a function as decoder', { decoders: [JSON.parse] }, '"parse" is only a function'],
    ['an arrow function as decoder', { decoders: [(text: string) => text] }, 'an arrow function'],
    ['a function as encoder', { encoders: [jsonEncoder, JSON.stringify] }, '"stringify" is only a function'],
    ['nothing as decoder', { decoders: [null] }, 'a decoder has a function decode(message)'],
  ])('with %s is refused', (_what, options, sentence) => {
    expect(() => defineEndpoint('/x', options as never)).toThrow(refusal('invalid_codec', sentence));
  });
});

describe('options where nobody reads them are refused', () => {
  const guarded = { configurator: { authenticate: () => undefined } };
  const define = defineEndpoint as (...given: unknown[]) => unknown;
  const defineClient = defineClientEndpoint as (...given: unknown[]) => unknown;

  it.each<[what: string, declare: () => unknown]>([
    ['an object of handlers', () => define('/x', { onText() {} }, guarded)],
    ['an object, though they are none', () => define('/x', { onText() {} }, {})],
    ['an object, though they say the same', () => define('/x', guarded, guarded)],
    ['an instance of a class', () => define('/x', new (class {})(), guarded)],
    ['the object of a client endpoint', () => defineClient({ onText() {} }, { headers: { authorization: 'x' } })],
  ])('beside %s', (_what, declare) => {
    expect(declare).toThrow(refusal('invalid_option', 'write them in it'));
  });

  it('beside an endpoint that is added, which then is not; an index is no option', () => {
    const container = new EndpointContainer();
    const [one, two] = [defineEndpoint('/one', {}), defineEndpoint('/two', {})];
    const add = container.add.bind(container) as (...given: unknown[]) => unknown;
    for (const further of [guarded, two, class {}, '/path']) {
      expect(() => add(one, further)).toThrow(refusal('invalid_option', 'each endpoint is added by itself'));
    }
    expect(container.endpoints().size).toBe(0);
    [one, two].forEach(add);
    expect(container.endpoints().size).toBe(2);
  });

  it('and undefined counts as none', () => {
    expect(() => define('/x', { onText() {} }, undefined)).not.toThrow();
    expect(() => defineClient({ onText() {} }, undefined)).not.toThrow();
  });
});

describe('options that are no object are refused', () => {
  const container = new EndpointContainer();
  it.each<[of: string, given: () => unknown]>([
    ['a container', () => new EndpointContainer(null as never)],
    ['an endpoint', () => defineEndpoint('/x', class {}, null as never)],
    ['remove', () => container.remove('/x', null as never)],
    ['an observer', () => new EndpointContainer({ observer: null as never })],
  ])('for %s', (_of, give) => {
    expect(give).toThrow(refusal('invalid_option', 'object'));
  });

  it.each<[of: string, give: () => Promise<unknown>]>([
    ['a scan', () => container.scan({}, null as never)],
    ['connect', () => container.connect(defineClientEndpoint({}), 'ws://127.0.0.1:1/', null as never)],
  ])('for %s', async (_of, give) => {
    await expect(give()).rejects.toThrow(refusal('invalid_option', 'not null'));
  });

  it('for close, which may be asked again', async () => {
    const closed = new EndpointContainer();
    expect(() => closed.close(null as never)).toThrow(refusal('invalid_option', 'not null'));
    await closed.close();
  });
});
