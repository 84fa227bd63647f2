// Decorated endpoints of the decorator suite. This file exists twice, byte for byte: in `decorators/` it is compiled
// with TC39 decorators, in `legacy-decorators/` with experimentalDecorators.
import {
  type CloseReason,
  type Configurator,
  type EndpointConfig,
  jsonDecoder,
  jsonEncoder,
  type MessageStream,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';

/** Declares the endpoints anew; `record` gets what their handlers see. */
export function declareEndpoints(record: (event: string) => void) {
  @ServerEndpoint('/chat/{room}', { subprotocols: ['chat.v1'] })
  class Chat {
    #count = 0;
    @OnOpen() open(session: Session<'/chat/{room}'>) {
      session.userProperties.set('joined', session.path.room);
      record(`open ${session.path.room} ${session.subprotocol}`);
    }
    @OnMessage() text(message: string, session: Session<'/chat/{room}'>) {
      this.#count++;
      return `${session.path.room} ${this.#count}: ${message}`;
    }
    @OnMessage({ kind: 'binary' }) async bytes(data: Uint8Array, _session: Session<'/chat/{room}'>) {
      await Promise.resolve();
      return data.toReversed();
    }
    @OnMessage({ kind: 'pong' }) pong(payload: Uint8Array, session: Session) {
      record(`pong ${Buffer.from(payload).toString()} ${session.path['room']}`);
    }
    @OnClose() closed(session: Session, reason: CloseReason) {
      record(`close ${session.userProperties.get('joined')} ${reason.code}`);
    }
    @OnError() failed(error: unknown, _session: Session) {
      record(`error ${String(error)}`);
    }
  }

  class Base {
    readonly name: string = 'base';
    @OnOpen() open(_session: Session) {
      record(`open ${this.name}`);
    }
    @OnMessage() text(message: string) {
      return `base ${message}`;
    }
  }

  @ServerEndpoint('/inheriting')
  class Inheriting extends Base {
    override readonly name = 'inheriting';
    // Takes the place of the inherited handler without a decorator of its own.
    override text(message: string) {
      return `inheriting ${super.text(message)}`;
    }
    @OnClose() closed() {
      record('close inheriting');
    }
  }

  @ServerEndpoint('/sibling')
  class Sibling extends Base {
    @OnClose() gone() {
      record('close sibling');
    }
  }

  const symbol = Symbol('named by a symbol');
  @ServerEndpoint('/symbol')
  class SymbolNamed {
    @OnMessage() [symbol](message: string) {
      return `symbol ${message}`;
    }
  }

  class Service {
    readonly greeting = 'from the service';
  }
  const configurator: Configurator<Injected> = {
    createInstance: async (endpointClass) => new (endpointClass as new (service: Service) => Injected)(new Service()),
  };
  @ServerEndpoint('/injected', { configurator })
  class Injected {
    readonly service: Service;
    constructor(service: Service) {
      this.service = service;
    }
    @OnMessage() text() {
      return this.service.greeting;
    }
  }

  interface Order {
    readonly symbol: string;
  }
  const isOrder = (value: unknown): value is Order => typeof (value as Order | null)?.symbol === 'string';
  @ServerEndpoint('/orders', { decoders: [jsonDecoder(isOrder)], encoders: [jsonEncoder], instance: 'shared' })
  class Orders {
    #count = 0;
    @OnOpen() open(_session: Session, config: EndpointConfig) {
      record(`open ${config.name} ${config.options.instance}`);
    }
    @OnMessage({ kind: 'object' }) async order({ symbol }: Order, _session: Session<'/orders'>) {
      await Promise.resolve();
      return { accepted: symbol, count: ++this.#count };
    }
    @OnMessage({ kind: 'binary', delivery: 'stream' }) async upload(data: MessageStream<Uint8Array>) {
      let bytes = 0;
      for await (const part of data) bytes += part.length;
      return [bytes];
    }
  }

  @ServerEndpoint('/parts')
  class Parts {
    #text = '';
    @OnMessage({ delivery: 'parts' }) text(part: string, isLast: boolean, session: Session<'/parts'>) {
      this.#text += part;
      return isLast ? `${session.template} ${this.#text}` : undefined;
    }
    @OnMessage({ kind: 'binary', delivery: 'parts' }) bytes(part: Uint8Array, isLast: boolean) {
      record(`${part.length} ${isLast}`);
    }
  }

  return { Chat, Orders, Parts, Inheriting, Sibling, SymbolNamed, Injected, Undecorated: Base };
}

/** Declarations that must be refused, each with the code of the refusal. */
export const mistakes: Record<string, { code: string; declare: () => unknown }> = {
  'two handlers of one kind': {
    code: 'duplicate_handler',
    declare: () => {
      class Twice {
        @OnMessage() one() {}
        @OnMessage({ kind: 'text' }) two() {}
      }
      return Twice;
    },
  },
  'two handlers of the opening': {
    code: 'duplicate_handler',
    declare: () => {
      class Twice {
        @OnOpen() one() {}
        @OnOpen() two() {}
      }
      return Twice;
    },
  },
  'two handlers of the close': {
    code: 'duplicate_handler',
    declare: () => {
      class Twice {
        @OnClose() one() {}
        @OnClose() two() {}
      }
      return Twice;
    },
  },
  'two handlers of errors': {
    code: 'duplicate_handler',
    declare: () => {
      class Twice {
        @OnError() one(_error: unknown) {}
        @OnError() two(_error: unknown) {}
      }
      return Twice;
    },
  },
  'a second handler in a subclass': {
    code: 'duplicate_handler',
    declare: () => {
      class Parent {
        @OnMessage() one() {}
      }
      @ServerEndpoint('/twice')
      class Child extends Parent {
        @OnMessage() two() {}
      }
      return Child;
    },
  },
  'a static handler': {
    code: 'invalid_handler',
    declare: () => {
      class Static {
        readonly isAlsoAnInstance = true;
        @OnOpen() static open() {}
      }
      return Static;
    },
  },
  'a bad template': {
    code: 'invalid_template',
    declare: () => {
      @ServerEndpoint('chat/{room}')
      class Bad {}
      return Bad;
    },
  },
  'an unknown option': {
    code: 'unknown_option',
    declare: () => {
      // @ts-expect-error the option does not exist
      @ServerEndpoint('/x', { subprotocol: ['a'] })
      class Bad {}
      return Bad;
    },
  },
  'an unknown kind of message': {
    code: 'invalid_option',
    declare: () => {
      class Bad {
        // @ts-expect-error the kind does not exist
        @OnMessage({ kind: 'txt' }) text() {}
      }
      return Bad;
    },
  },
  'a delivery for a kind that has none': {
    code: 'invalid_option',
    declare: () => {
      class Bad {
        // @ts-expect-error objects are always whole
        @OnMessage({ kind: 'object', delivery: 'parts' }) object() {}
      }
      return Bad;
    },
  },
  'handlers that are not decorated': {
    code: 'missing_handler',
    declare: () => {
      @ServerEndpoint('/x')
      class Bad {
        onText(_message: string) {}
      }
      return Bad;
    },
  },
  'a handler for objects without a decoder': {
    code: 'missing_decoder',
    declare: () => {
      @ServerEndpoint('/x')
      class Bad {
        @OnMessage({ kind: 'object' }) object(_message: object) {}
      }
      return Bad;
    },
  },
  'text messages both whole and in parts': {
    code: 'duplicate_handler',
    declare: () => {
      @ServerEndpoint('/x')
      class Bad {
        @OnMessage() whole(_message: string) {}
        @OnMessage({ delivery: 'parts' }) parts(_part: string, _isLast: boolean) {}
      }
      return Bad;
    },
  },
  'binary messages both in parts and as streams': {
    code: 'duplicate_handler',
    declare: () => {
      @ServerEndpoint('/x')
      class Bad {
        @OnMessage({ kind: 'binary', delivery: 'parts' }) parts(_part: Uint8Array) {}
        @OnMessage({ kind: 'binary', delivery: 'stream' }) stream(_message: MessageStream<Uint8Array>) {}
      }
      return Bad;
    },
  },
  'objects beside parts of what they are made of': {
    code: 'duplicate_handler',
    declare: () => {
      @ServerEndpoint('/x', { decoders: [jsonDecoder()] })
      class Bad {
        @OnMessage({ kind: 'object' }) object(_message: object) {}
        @OnMessage({ delivery: 'stream' }) stream(_message: MessageStream<string>) {}
      }
      return Bad;
    },
  },
  'a decoder that decodes nothing': {
    code: 'invalid_codec',
    declare: () => {
      // @ts-expect-error a decoder has decode
      @ServerEndpoint('/x', { decoders: [{ willDecode: () => true }] })
      class Bad {}
      return Bad;
    },
  },
  'an encoder that does not say what it takes': {
    code: 'invalid_codec',
    declare: () => {
      // @ts-expect-error an encoder has willEncode
      @ServerEndpoint('/x', { encoders: [{ encode: () => '' }] })
      class Bad {}
      return Bad;
    },
  },
  'a decorator without parentheses': {
    code: 'decorator_misused',
    declare: () => {
      class Bad {
        // @ts-expect-error it returns the decorator, it is none
        @OnOpen open() {}
      }
      return Bad;
    },
  },
  'a message decorator without parentheses': {
    code: 'decorator_misused',
    declare: () => {
      class Bad {
        // @ts-expect-error it returns the decorator, it is none
        @OnMessage text() {}
      }
      return Bad;
    },
  },
  'a class decorator without a path': {
    code: 'decorator_misused',
    declare: () => {
      // @ts-expect-error it returns the decorator, it is none
      @ServerEndpoint
      class Bad {}
      return Bad;
    },
  },
  'a constructor that nobody can call': {
    code: 'constructor_needs_arguments',
    declare: () => {
      @ServerEndpoint('/x')
      class Bad {
        readonly value: number;
        constructor(value: number) {
          this.value = value;
        }
      }
      return Bad;
    },
  },
};
