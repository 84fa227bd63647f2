// A container for foreign clients: what a client may want of endpoints, one thing to a path.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Broadcast,
  type CloseReason,
  closeWith,
  EndpointContainer,
  type EndpointError,
  type HandshakeRequest,
  jsonDecoder,
  jsonEncoder,
  type MessageStream,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  refuse,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';
import type { PerMessageDeflateOptions } from '@longwire/websocket';

// Chromium and Tomcat send large messages in many frames, and each counts for one byte more.
const MAX_BYTES = 2 * 1_048_576;

interface Pair {
  readonly a: number;
  readonly b: number;
}

const isPair = (value: unknown): value is Pair => typeof (value as Pair | null)?.b === 'number';

/** Declares the endpoints anew; `echoClosed` gets how the sessions of `/echo` ended. */
function declareEndpoints(perMessageDeflate: PerMessageDeflateOptions | false, echoClosed: (end: string) => void) {
  const limits = { perMessageDeflate };
  const all = new Broadcast();

  @ServerEndpoint('/echo', { subprotocols: ['b', 'x'], maxTextBytes: MAX_BYTES, maxBinaryBytes: MAX_BYTES, limits })
  class Echo {
    @OnMessage() text(message: string) {
      return message;
    }
    @OnMessage({ kind: 'binary' }) bytes(data: Uint8Array) {
      return data;
    }
    @OnClose() closed(_session: Session, { code, reason, wasClean, initiator, cause }: CloseReason) {
      echoClosed([code, reason, wasClean ? 'clean' : 'not clean', initiator, cause].join(', '));
    }
  }

  @ServerEndpoint('/rooms/{room}', { limits })
  class Room {
    @OnOpen() open(session: Session<'/rooms/{room}'>) {
      all.add(session);
    }
    @OnMessage() say(message: string, session: Session<'/rooms/{room}'>) {
      all.send(`${session.path.room}: ${session.query.get('name')} says ${message}`);
    }
  }

  @ServerEndpoint('/sums', { decoders: [jsonDecoder(isPair)], encoders: [jsonEncoder], limits })
  class Sums {
    @OnMessage({ kind: 'object' }) add({ a, b }: Pair) {
      return { sum: a + b };
    }
    @OnError() failed(error: unknown, session: Session) {
      session.send((error as EndpointError).code);
    }
  }

  /** Text in the parts in which it comes, bytes as a stream. */
  @ServerEndpoint('/parts', { maxBinaryBytes: MAX_BYTES, limits })
  class Parts {
    readonly #parts: string[] = [];

    @OnMessage({ delivery: 'parts' }) part(part: string, isLast: boolean) {
      // A library may end a message with an empty fragment, and so may the inflater.
      if (part !== '') this.#parts.push(part);
      return isLast ? this.#parts.splice(0).join('|') : undefined;
    }
    @OnMessage({ kind: 'binary', delivery: 'stream' }) async bytes(stream: MessageStream<Uint8Array>) {
      let bytes = 0;
      for await (const part of stream) bytes += part.length;
      return `${bytes} bytes`;
    }
  }

  /** One message in fragments, with a ping after each; then, when asked, the pong that came last. */
  @ServerEndpoint('/fragments', { limits })
  class Fragments {
    #lastPong = 'none';

    @OnMessage() async text(message: string, session: Session) {
      if (message === 'the last pong?') return this.#lastPong;
      const answer = session.startMessage('text');
      for (const word of message.split(' ')) {
        await answer.write(`${word}.`);
        session.ping(Buffer.from(word));
      }
      return void (await answer.end());
    }
    @OnMessage({ kind: 'pong' }) pong(payload: Uint8Array) {
      this.#lastPong = Buffer.from(payload).toString();
    }
  }

  /** Closes with the code it is sent, or because a message is too long. */
  @ServerEndpoint('/closing', { maxTextBytes: 100, limits })
  class Closing {
    @OnMessage() text(message: string, session: Session) {
      if (message === 'terminate') return session.terminate();
      const [code, ...reason] = message.split(' ');
      return session.close(Number(code), reason.join(' '));
    }
  }

  const authenticate = ({ query }: HandshakeRequest) => {
    const token = query.get('token');
    if (token === null) return refuse(401, 'Bring a token.');
    return token === 'old' ? closeWith(4401, 'expired') : { name: token };
  };

  @ServerEndpoint('/members', { configurator: { authenticate }, limits })
  class Members {
    @OnMessage() text(message: string, session: Session) {
      return `${session.principal?.name}: ${message}`;
    }
  }

  return [Echo, Room, Sums, Parts, Fragments, Closing, Members];
}

export interface InteropContainer {
  /** Where the endpoints are, `ws://…` without a slash at the end. */
  readonly url: string;
  /** Of a page that may connect. */
  readonly origin: string;
  /** How the sessions of `/echo` ended: code, reason, clean or not, by whom, why. */
  readonly echoEnds: string[];
  /** What reached onUnhandledError. */
  readonly unhandled: unknown[];
  stop(): Promise<void>;
}

export async function startInteropContainer(
  perMessageDeflate: PerMessageDeflateOptions | false,
): Promise<InteropContainer> {
  const echoEnds: string[] = [];
  const unhandled: unknown[] = [];
  const container = new EndpointContainer({ onUnhandledError: (error) => void unhandled.push(error) });
  for (const endpoint of declareEndpoints(perMessageDeflate, (end) => echoEnds.push(end))) container.add(endpoint);
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>interop</title>');
  });
  container.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}/`,
    echoEnds,
    unhandled,
    async stop() {
      await container.close({ withinMs: 200 });
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
