// What compiles and what must not, in configurators and container calls (see ../wrong-declarations.test.ts).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type Configurator,
  closeWith,
  defineApplication,
  defineEndpoint,
  EndpointContainer,
  guest,
  type Principal,
  refuse,
  type Session,
} from '@longwire/endpoint';

export const lists: Configurator[] = [
  { checkOrigin: ['https://app.example.org'] },
  { checkOrigin: (origin, request) => origin === undefined || request.secure },
  { checkOrigin: async () => true },
  { dangerouslyAllowAnyOrigin: true },
  // @ts-expect-error one origin is a list of one
  { checkOrigin: 'https://app.example.org' },
  // @ts-expect-error everything has a name of its own
  { checkOrigin: true },
  // @ts-expect-error a check says yes or no
  { checkOrigin: () => 'yes' },
];

export class Gate implements Configurator {
  readonly checkOrigin = ['https://app.example.org'];
  authenticate(): Principal {
    return { name: 'alice', isAdmin: true };
  }
}

export const authenticating: Configurator[] = [
  { authenticate: () => guest },
  { authenticate: () => ({ name: 'alice' }) },
  {
    checkOrigin: () => closeWith(4403),
    modifyHandshake: () => refuse(403),
    selectSubprotocol: async () => refuse(400),
  },
  {
    async modifyHandshake(request) {
      return request.secure ? undefined : refuse(403);
    },
  },
  { createInstance: () => refuse(503, 'Full.'), selectExtensions: () => closeWith(4400) },
  {
    authenticate: async (request) =>
      request.path['user'] === 'alice' ? { name: 'alice', age: 7 } : refuse(401, 'Who?'),
  },
  { authenticate: () => closeWith(4401, 'expired') },
  // @ts-expect-error a principal has a name
  { authenticate: () => ({ id: 7 }) },
  // @ts-expect-error undefined, as of a failed look-up, is no guest
  { authenticate: () => undefined },
  // @ts-expect-error nor is null
  { authenticate: () => null },
  // @ts-expect-error nor is true a principal
  { authenticate: async () => true },
];

refuse(401);
// @ts-expect-error a status is a number
refuse('401');
// @ts-expect-error and a code is a number
closeWith('4401');

const container = new EndpointContainer({ trustedProxies: ['loopback'] });
declare const [request, socket, head]: [IncomingMessage, Duplex, Buffer];
const room = defineEndpoint('/chat/{room}', {});
const echo = defineEndpoint('/echo', {});

export const opened: Promise<Session<'/chat/{room}'> | undefined> = container.upgrade(request, socket, head, room, {
  room: 'kitchen',
});
void container.upgrade(request, socket, head, echo);
// @ts-expect-error the template has a variable
void container.upgrade(request, socket, head, room);
// @ts-expect-error the variable has another name
void container.upgrade(request, socket, head, room, { rom: 'kitchen' });
// @ts-expect-error there is no variable
void container.upgrade(request, socket, head, echo, { room: 'kitchen' });

export const isTaken: boolean = container.handleUpgrade(request, socket, head);
void container.scan('./endpoints', { filter: ({ definition }) => definition.path !== '/debug', add: [echo] });
void container.scan({ './room.ts': { room }, './echo.ts': async () => ({ echo }) });
// @ts-expect-error a folder is a path or a URL
void container.scan(7);
container.remove('/echo', { close: { code: 1001, reason: 'moved' } });
// @ts-expect-error whether sessions are closed is said by what they are told
container.remove('/echo', { close: true });

defineApplication({ annotated: (found) => found.slice(1), endpoints: async () => [room, echo] });
// @ts-expect-error what was found is chosen, not made
defineApplication({ annotated: () => [room] });
