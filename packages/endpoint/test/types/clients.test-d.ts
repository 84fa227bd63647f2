// What compiles of client endpoints and broadcasts, and what must not: see declarations.test-d.ts.
import {
  Broadcast,
  ClientEndpoint,
  defineClientEndpoint,
  defineEndpoint,
  EndpointContainer,
  OnMessage,
  type Session,
} from '@longwire/endpoint';

@ClientEndpoint({ reconnect: { maxAttempts: 3, shouldReconnect: (why) => why.code === 1013 } })
export class Ticker {
  @OnMessage() quote(text: string, session: Session) {
    session.userProperties.set('last', text);
  }
}

// @ts-expect-error the sessions of a client have no path template
@ClientEndpoint()
export class WithTemplate {
  @OnMessage() text(_text: string, _session: Session<'/chat/{room}'>) {}
}

// @ts-expect-error a configurator is for servers
@ClientEndpoint({ configurator: {} })
export class Configured {}

const container = new EndpointContainer();
const connection = await container.connect(Ticker, 'ws://localhost/', { headers: () => ({ authorization: 'x' }) });
// @ts-expect-error between two connections there is no session
connection.session.send('x');
connection.session?.send('x');
// @ts-expect-error what is added to a path is no client endpoint
await container.connect(defineEndpoint('/x', {}), 'ws://localhost/');
// @ts-expect-error and the other way round
container.add(defineClientEndpoint({}));
// @ts-expect-error nor have they one in a client endpoint without decorators
defineClientEndpoint({ onText: (text, _session: Session<'/chat/{room}'>) => text });
defineClientEndpoint({ onText: (text, session: Session) => void session.userProperties.set('last', text) });
// @ts-expect-error a number cannot be sent
defineClientEndpoint({ onText: () => 7 });

const room = new Broadcast<'/chat/{room}'>({ slow: 'skip' });
defineEndpoint('/chat/{room}', {
  onOpen: (session) => void room.add(session),
  onText: (text, session) => void room.send(text, { except: (other) => other.path.room !== session.path.room }),
});
// @ts-expect-error there is no such policy
new Broadcast({ slow: 'drop' });
const anyRoom = new Broadcast();
for (const session of room) anyRoom.add(session);
