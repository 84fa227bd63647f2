// Classes without a handler that nonetheless have members: refused where they are declared, if that can be known there.
import { describe, expect, it } from 'vitest';
import {
  ClientEndpoint,
  defineClientEndpoint,
  defineEndpoint,
  Endpoint,
  OnOpen,
  ServerEndpoint,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';

const missing = (sentence: string) =>
  expect.objectContaining({ code: 'missing_handler', message: expect.stringContaining(sentence) });

/** A class as plain JavaScript may give it. */
type AnyClass = new () => object;

class WithField {
  onText = (text: string): string => text;
}

class Assigning {
  constructor() {
    Object.assign(this, {});
    (this as { onBinary?: () => void }).onBinary = () => {};
  }
}

function Old(): void {}
Old.prototype.onText = (): void => {};

function OldAssigning(this: { onText?: () => void }): void {
  this.onText = () => {};
}

function OldExtending(): void {}
Object.setPrototypeOf(OldExtending.prototype, Old.prototype);

class Unheard {
  onMessage(): void {}
}

describe('a class given to defineEndpoint is refused', () => {
  it.each<[what: string, endpointClass: AnyClass, sentence: string]>([
    [
      'whose method has a name of another library',
      Unheard,
      '"onMessage" is not a handler; messages come to onText, onBinary or onObject',
    ],
    ['whose parent has such a method', class extends Unheard {}, '"onMessage" is not a handler'],
    [
      'with a slip in a name',
      class {
        count() {}
        onTekst() {}
      },
      '"onTekst" is not a handler; did you mean "onText"?',
    ],
    [
      'with one good handler and onMessage',
      class {
        onOpen() {}
        onMessage() {}
      },
      '"onMessage" is not a handler; messages come to onText, onBinary or onObject',
    ],
    [
      'with one good handler and onClosed',
      class {
        onText() {}
        onClosed() {}
      },
      '"onClosed" is not a handler; did you mean "onClose"?',
    ],
    [
      'with one good handler and ontext',
      class {
        onOpen() {}
        ontext() {}
      },
      '"ontext" is not a handler; did you mean "onText"?',
    ],
    [
      'with other methods only',
      class {
        text() {}
      },
      '"text" is none, known are',
    ],
    [
      'that extends Endpoint and adds nothing',
      class extends (Endpoint as AnyClass) {
        begin() {}
      },
      '"begin" is none',
    ],
  ])('%s', (_what, endpointClass, sentence) => {
    expect(() => defineEndpoint('/x', endpointClass)).toThrow(missing(sentence));
    expect(() => defineClientEndpoint(endpointClass)).toThrow(missing(sentence));
  });

  it.each<[what: string, given: unknown]>([
    ['an arrow function', () => ({})],
    ['an async function', async () => {}],
    [
      'a function',
      function onConnection(this: unknown, session: Session) {
        session.send('hello');
      },
    ],
  ])('that is %s and no class', (_what, given) => {
    const notOne = expect.objectContaining({
      code: 'not_an_endpoint',
      message: expect.stringContaining('a function is no endpoint; give an object with handlers'),
    });
    expect(() => defineEndpoint('/x', given as never)).toThrow(notOne);
    expect(() => defineClientEndpoint(given as never)).toThrow(notOne);
  });
});

describe('a class given to defineEndpoint is taken', () => {
  class Added extends Endpoint {
    echo = (text: string): string => text;
    onOpen(session: Session): void {
      session.addMessageHandler({}, this.echo);
    }
  }

  it.each<[what: string, endpointClass: AnyClass]>([
    ['that adds its message handlers when a session opens', Added],
    ['whose handler is a field', WithField],
    [
      'whose parent has it as a field, beside a method that is none',
      class extends WithField {
        count() {}
      },
    ],
    ['whose constructor assigns it', Assigning],
    ['that is written as a function with a prototype', Old as unknown as AnyClass],
    ['that is written as a function and assigns it', OldAssigning as unknown as AnyClass],
    ['that extends another so', OldExtending as unknown as AnyClass],
    [
      'that only sees sessions end',
      class {
        onClose() {}
      },
    ],
    [
      'whose parent has the handler',
      class extends Added {
        count() {}
      },
    ],
    [
      'with methods of its own that begin with "on" and are far from every handler',
      class {
        onText() {}
        onTick() {}
        once() {}
      },
    ],
    ['that is empty, and only sends', class Feed {}],
    [
      'that holds state, and only sends',
      class {
        readonly since = Date.now();
      },
    ],
    [
      'that names a handler of something else',
      class {
        constructor() {
          ({ onText: 1 }).onText.toFixed();
        }
      },
    ],
  ])('%s', (_what, endpointClass) => {
    expect(() => defineEndpoint('/x', endpointClass)).not.toThrow();
  });
});

describe('a decorated class', () => {
  it('is refused when no method is decorated', () => {
    expect(() => {
      @ServerEndpoint('/x')
      class Chat {
        onText(text: string) {
          return text;
        }
      }
      return Chat;
    }).toThrow(missing('endpoint Chat: no method has @OnOpen(), @OnMessage(), @OnClose() or @OnError(); "onText" has'));
    expect(() => {
      @ClientEndpoint()
      class Ticker extends WithField {}
      return Ticker;
    }).toThrow(missing('"onText" has none of them'));
  });

  it('is taken when it is empty, or one method is', () => {
    @ServerEndpoint('/x')
    class Feed {}
    @ServerEndpoint('/y')
    class Counting {
      count = 0;
      @OnOpen() open() {
        this.#add();
      }
      onTick() {}
      #add() {
        this.count++;
      }
    }
    expect([Feed, Counting]).toHaveLength(2);
  });

  it.each(['onClose', 'onMessage'])(
    'is refused when a method named %s has no decorator beside one that has',
    (name) => {
      class Chat {
        open(): void {}
        [name](): void {}
      }
      const descriptor = Object.getOwnPropertyDescriptor(Chat.prototype, 'open')!;
      OnOpen()(Chat.prototype, 'open', descriptor as TypedPropertyDescriptor<() => void>);
      expect(() => ServerEndpoint('/x')(Chat)).toThrow(
        missing(`endpoint Chat: the method "${name}" has no decorator, so it is no handler; decorate it, or rename it`),
      );
    },
  );
});

it.each(['onMessage', 'onmessage'])('an object with the handler %s of other libraries is told ours', (name) => {
  const refused = (where: string) =>
    expect.objectContaining({
      code: 'unknown_option',
      message: `${where} has no handler "${name}"; messages come to onText, onBinary or onObject`,
    });
  expect(() => defineEndpoint('/x', { [name]: () => {} } as never)).toThrow(refused('endpoint /x'));
  expect(() => defineClientEndpoint({ [name]: () => {} } as never)).toThrow(refused('client endpoint'));
});

it('a field onClosed beside onText closes the first session with 1011 and is reported as missing_handler', async () => {
  class Chat {
    onText = (text: string): string => text;
    onClosed = (): void => {};
  }
  const serving = await serve([defineEndpoint('/x', Chat)]);
  const client = await serving.connect('/x');
  expect((await client.closed).code).toBe(1011);
  expect(serving.unhandled.map(({ error }) => error)).toEqual([
    missing('"onClosed" is not a handler; did you mean "onClose"?'),
  ]);
});
