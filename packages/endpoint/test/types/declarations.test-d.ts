// What compiles and what must not. Compiled by the installed tsc, with TC39 decorators and with experimentalDecorators
// (see ../wrong-declarations.test.ts).
import {
  type CloseReason,
  type Configurator,
  defineEndpoint,
  EndpointContainer,
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
  // @ts-expect-error nor can a promise of an object
  @OnMessage() async object(_message: string) {
    return { a: 1 };
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
  @OnMessage({ kind: 'object' }) objects(_message: unknown) {}
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
