// What compiles and what must not. Compiled by the installed tsc, with TC39 decorators and with experimentalDecorators
// (see ../wrong-declarations.test.ts).
import {
  type CloseReason,
  type Configurator,
  defineEndpoint,
  type Encoder,
  Endpoint,
  type EndpointConfig,
  EndpointContainer,
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

@ServerEndpoint('/chat/{room}/{user}', { subprotocols: ['chat.v1'] })
export class Everything {
  @OnOpen() open(session: Session<'/chat/{room}/{user}'>) {
    const room: string = session.path.room;
    session.userProperties.set(room, session.path.user);
    // @ts-expect-error the template has no such variable
    session.path.rom;
    for (const other of session.openSessions({ path: { room } })) other.send(other.path.user);
    // @ts-expect-error the filter has no such variable either
    session.openSessions({ path: { rom: room } });
  }
  @OnMessage() async text(message: string, session: Session<'/chat/{room}/{user}'>) {
    await session.sendAsync(message);
    return `${session.path.room}: ${message}`;
  }
  @OnMessage({ kind: 'binary' }) bytes(data: Uint8Array) {
    return data;
  }
  @OnMessage({ kind: 'pong' }) pong(_payload: Uint8Array, _session: Session) {}
  @OnClose() closed(_session: Session, reason: CloseReason) {
    const code: number = reason.code;
    return void code;
  }
  @OnError() async failed(_error: unknown, session: Session) {
    const any: string | undefined = session.path['any'];
    session.send(any ?? '');
  }
}

// @ts-expect-error the handler's template is not the class's
@ServerEndpoint('/chat/{room}')
export class OtherTemplate {
  @OnOpen() open(_session: Session<'/chat/{user}'>) {}
}

// @ts-expect-error also when the variables have the same names
@ServerEndpoint('/chat/{room}')
export class OtherTemplateWithSameVariables {
  @OnMessage() text(_message: string, _session: Session<'/v2/chat/{room}'>) {}
}

// @ts-expect-error also in the last handler
@ServerEndpoint('/chat/{room}')
export class OtherTemplateInClose {
  @OnOpen() open(_session: Session<'/chat/{room}'>) {}
  @OnClose() closed(_session: Session<'/chat'>, _reason: CloseReason) {}
}

// @ts-expect-error also where the session may be missing
@ServerEndpoint('/chat/{room}')
export class OtherTemplateOrNothing {
  @OnMessage() text(_message: string, _session: Session<'/v2/chat/{room}'> | undefined) {}
}

// @ts-expect-error also where none of several templates is the class's
@ServerEndpoint('/chat/{room}')
export class OtherTemplates {
  @OnMessage() text(_message: string, _session: Session<'/v2/chat/{room}'> | Session<'/v3/chat/{room}'>) {}
}

// @ts-expect-error also as the constraint of a type parameter
@ServerEndpoint('/chat/{room}')
export class OtherTemplateAsConstraint {
  @OnMessage() text<Talk extends Session<'/v2/chat/{room}'>>(_message: string, _session: Talk) {}
}

@ServerEndpoint('/chat/{room}')
export class SeveralTemplates {
  @OnOpen() open(session: Session<'/chat/{room}'> | Session<'/v2/chat/{room}'>) {
    session.send(session.path.room);
  }
  @OnMessage() text(_message: string, session?: Session<'/chat/{room}' | '/v2/chat/{room}'>) {
    return session?.path.room;
  }
  @OnMessage({ kind: 'binary' }) bytes(_data: Uint8Array, session: Session | undefined) {
    return session?.path['room'];
  }
  // biome-ignore lint/suspicious/noExplicitAny: what a program may write
  @OnClose() closed(_session: any) {}
  // Compiles whatever template it names: no type can ask for methods that are not public.
  @OnError() protected failed(_error: unknown, _session: Session<'/v2/chat/{room}'>) {}
}

const pathFromElsewhere: string = '/chat/{room}';
@ServerEndpoint(pathFromElsewhere)
export class PathFromElsewhere {
  @OnOpen() open(_session: Session<'/chat/{room}'>) {}
}

@ServerEndpoint('/signatures')
export class WrongSignatures {
  // @ts-expect-error a text handler takes text
  @OnMessage() text(_message: Uint8Array) {}
  // @ts-expect-error a binary handler takes bytes
  @OnMessage({ kind: 'binary' }) bytes(_message: string) {}
  // @ts-expect-error a number cannot be sent
  @OnMessage() count(_message: string) {
    return 7;
  }
  // @ts-expect-error nor can a promise of one
  @OnMessage() async promise(_message: string) {
    return 7;
  }
  // @ts-expect-error the session comes first when it opens
  @OnOpen() open(_message: string, _session: Session) {}
  // @ts-expect-error what an open handler returns is not sent
  @OnOpen() greet(_session: Session) {
    return 'hello';
  }
  // @ts-expect-error a close handler gets the session, then the reason
  @OnClose() closed(_reason: CloseReason, _session: Session) {}
  // @ts-expect-error an error may be anything that was thrown
  @OnError() failed(_error: Error, _session: Session) {}
  // @ts-expect-error there is no such kind
  @OnMessage({ kind: 'objects' }) objects(_message: unknown) {}
  // @ts-expect-error parts say whether they are the last
  @OnMessage({ delivery: 'parts' }) parts(_part: string, _session: Session) {}
  // @ts-expect-error parts of binary messages are bytes
  @OnMessage({ kind: 'binary', delivery: 'parts' }) binaryParts(_part: string, _isLast: boolean) {}
  // @ts-expect-error a stream of text is no text
  @OnMessage({ delivery: 'stream' }) stream(_message: string) {}
  // @ts-expect-error nor is one of bytes one of text
  @OnMessage({ kind: 'binary', delivery: 'stream' }) binaryStream(_message: MessageStream<string>) {}
  // @ts-expect-error a pong is always whole
  @OnMessage({ kind: 'pong', delivery: 'parts' }) pongParts(_payload: Uint8Array) {}
  // @ts-expect-error there is no such delivery
  @OnMessage({ delivery: 'whole-ish' }) delivered(_message: string) {}
  // @ts-expect-error a field is no handler
  @OnOpen() opened = (_session: Session) => {};
}

// @ts-expect-error an option that does not exist
@ServerEndpoint('/options', { concurent: true })
export class WrongOption {}

class Service {}

const injecting: Configurator<Injected> = {
  checkOrigin: (origin) => origin === undefined || origin.endsWith('.example'),
  createInstance: (endpointClass) => new (endpointClass as unknown as typeof Injected)(new Service()),
};

@ServerEndpoint('/injected', { configurator: injecting })
export class Injected {
  readonly service: Service;
  constructor(service: Service) {
    this.service = service;
  }
}

const container = new EndpointContainer();
container.add(Everything);

const echo = defineEndpoint('/echo/{name}', {
  onOpen(session) {
    session.userProperties.set('name', session.path.name);
  },
  onText: (message, session) => `${session.path.name}: ${message}`,
  onBinary: (data) => data,
});
const mounted = container.add(echo);
for (const session of mounted.openSessions({ path: { name: 'x' } })) session.send(session.path.name);
const anySessions = new Set<Session>(mounted.openSessions());
anySessions.clear();

defineEndpoint('/echo/{name}', {
  // @ts-expect-error the path has no such variable
  onText: (message, session) => `${session.path.nme}: ${message}`,
});
// @ts-expect-error the handler's template is not the endpoint's
defineEndpoint('/echo/{name}', { onText: (message, _session: Session<'/other'>) => message });
defineEndpoint('/echo/{name}', {
  // @ts-expect-error also as a method whose first parameter says its type
  onText(_message: string, session: Session<'/v2/echo/{user}'>) {
    return session.path.user;
  },
});
// @ts-expect-error also when it opens
defineEndpoint('/echo/{name}', { onOpen: (_session: Session<'/v2/echo/{user}'>) => {} });
// @ts-expect-error also when it closes
defineEndpoint('/echo/{name}', { onClose: (_session: Session<'/v2/echo/{user}'>) => {} });
// @ts-expect-error also where the session may be missing
defineEndpoint('/echo/{name}', { onText: (message, _session?: Session<'/v2/echo/{user}'>) => message });
// @ts-expect-error nor is the declaration that of another template
defineEndpoint('/echo/{name}', { onOpen: (_session, _config: EndpointConfig<'/v2/echo/{user}'>) => {} });
defineEndpoint('/echo/{name}', {
  onOpen(session: Session) {
    session.send(session.path['name'] ?? '');
  },
  onText: (_message, session: Session<'/echo/{name}' | '/v2/echo/{name}'>) => session.path.name,
  onBinary: (_data, session) => session.path.name,
});
defineEndpoint(pathFromElsewhere, { onText: (_message, session: Session<'/chat/{room}'>) => session.path.room });
for (const path of ['/echo/{name}', '/v2/echo/{name}'] as const) {
  defineEndpoint(path, { onText: (_message, session) => session.path.name });
}
// @ts-expect-error a number cannot be sent
defineEndpoint('/echo', { onText: () => 7 });
// @ts-expect-error no such handler
defineEndpoint('/echo', { onTekst: () => 'x' });

class Programmatic {
  onText(message: string, session: Session<'/p/{x}'>): string {
    return session.path.x + message;
  }
}
container.add(defineEndpoint('/p/{x}', Programmatic, { concurrent: true }));
// @ts-expect-error the class's handlers take sessions of another template
defineEndpoint('/p/{y}', Programmatic);
class ProgrammaticOrNothing {
  onText(_message: string, session?: Session<'/p/{x}'>) {
    return session?.path.x;
  }
}
defineEndpoint('/p/{x}', ProgrammaticOrNothing);
// @ts-expect-error also where the session may be missing
defineEndpoint('/p/{y}', ProgrammaticOrNothing);

interface Order {
  readonly symbol: string;
}
const isOrder = (value: unknown): value is Order => typeof (value as Order | null)?.symbol === 'string';
const bids: Encoder<Bid> = { willEncode: (value) => value instanceof Bid, encode: (bid) => bid.text };
class Bid {
  readonly text: string = 'bid';
}

@ServerEndpoint('/orders/{market}', { decoders: [jsonDecoder(isOrder)], encoders: [jsonEncoder], instance: 'shared' })
export class Orders {
  @OnOpen() open(session: Session<'/orders/{market}'>, config: EndpointConfig<'/orders/{market}'>) {
    session.idleTimeoutMs = config.options.idleTimeoutMs;
    // @ts-expect-error the principal says what its claims are, nobody else
    session.principal?.['role'].length;
  }
  @OnMessage({ kind: 'object' }) order(message: Order, session: Session<'/orders/{market}'>) {
    return { accepted: message.symbol, market: session.path.market };
  }
  @OnMessage({ kind: 'binary', delivery: 'stream' }) async upload(data: MessageStream<Uint8Array>, session: Session) {
    for await (const part of data) session.send(part);
  }
}

@ServerEndpoint('/parts')
export class Parts {
  @OnMessage({ delivery: 'parts' }) text(part: string, isLast: boolean, _session: Session<'/parts'>) {
    return isLast ? part : undefined;
  }
  @OnMessage({ kind: 'binary', delivery: 'parts' }) bytes(_part: Uint8Array, _isLast: boolean) {}
}

defineEndpoint('/orders', {
  decoders: [jsonDecoder(isOrder)],
  encoders: [bids],
  onObject(order, session) {
    session.send(order.symbol);
    // @ts-expect-error the decoders give no such thing
    session.send(order.price);
    return new Bid();
  },
  onTextPart: undefined,
});
// @ts-expect-error no encoder takes a date
defineEndpoint('/orders', { encoders: [bids], onText: () => new Date() });
// @ts-expect-error an endpoint without encoders sends text and bytes
defineEndpoint('/orders', { onText: () => new Bid() });
// @ts-expect-error a decoder decodes
defineEndpoint('/orders', { decoders: [{ willDecode: () => true }] });
// @ts-expect-error there are two ways
defineEndpoint('/orders', { instance: 'pooled' });

class Market extends Endpoint<'/market/{name}'> {
  onOpen(session: Session<'/market/{name}'>) {
    session.addMessageHandler({}, (message, { path }) => `${path.name}: ${message.toUpperCase()}`);
    session.addMessageHandler({ kind: 'binary', delivery: 'parts' }, (part, isLast) => (isLast ? part : undefined));
    session.addMessageHandler({ kind: 'object' }, (order: Order) => order.symbol);
    session.addMessageHandler({ kind: 'text', delivery: 'stream' }, async (message) => {
      for await (const part of message) session.send(part);
    });
    // @ts-expect-error a text handler takes text
    session.addMessageHandler({ kind: 'text' }, (message: Uint8Array) => message);
    // @ts-expect-error a pong is always whole
    session.addMessageHandler({ kind: 'pong', delivery: 'stream' }, () => {});
    // @ts-expect-error a number cannot be sent
    session.addMessageHandler({ kind: 'text' }, () => 7);
    session.addMessageHandler({ kind: 'text' }, (_message, { path }: Session) => path['name']);
    // @ts-expect-error the session is of another template
    session.addMessageHandler({ kind: 'text' }, (message, _session: Session<'/v2/market/{name}'>) => message);
    // @ts-expect-error also for objects
    session.addMessageHandler({ kind: 'object' }, (_order, _session: Session<'/v2/market/{name}'>) => 'x');
    void session.sendStream('text', ['a', 'b']);
    // @ts-expect-error bytes are no text
    void session.sendStream('text', [new Uint8Array(1)]);
    const total: number = session.batch(() => 7);
    return void total;
  }
}
container.add(defineEndpoint('/market/{name}', Market));
// @ts-expect-error it opens sessions of another template
container.add(defineEndpoint('/market/{symbol}', Market));
class OtherMarket extends Endpoint {
  onOpen(_session: Session<'/v2/market/{name}'>) {}
}
// @ts-expect-error also where the class says so of its handler only
container.add(defineEndpoint('/market/{name}', OtherMarket));
// @ts-expect-error onOpen is what makes an endpoint of it
export class Silent extends Endpoint {}
