// The debug mode: what goes over the wire, line by line, for people who want to see how WebSocket works.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { CloseDetails, ConnectionHandler, SeenFrame, WebSocketConnection } from '@longwire/websocket';
import { isThenable } from '../promises.js';
import type { UpgradeRequest } from '../upgrade/upgrade-request.js';
import { warn } from '../warnings.js';
import { FrameText } from './frame-text.js';
import { answerLines, requestLines, writtenAnswerLines } from './handshake-text.js';

/** Takes one line without its end. */
export type WriteLine = (line: string) => void;

/**
 * A debug mode for `new EndpointContainer({ debug: wireLog(write) })`; `debug: true` is the one that writes to standard
 * error. It prints the handshake of each connection and every single frame, as it is on the wire:
 * ```text
 * #1 ← TEXT fin mask=37fa213d len=5 "Hello"
 * #1 → TEXT fin len=5 "Hello"
 * ```
 * `#1` is the number of the connection, `←` came in, `→` went out, in the order in which the operating system gave and
 * took them. `fin` ends a message, `rsv1` marks a compressed one, `mask` is the key that a client's frame came with,
 * `len` counts the bytes of the payload on the wire, and then comes its beginning, unmasked: 60 characters of text, 20
 * bytes of anything else. Authorization, cookies and parameters named like a token are shown as •••; payloads are not
 * hidden: not for production. Without `debug` nothing of this runs.
 * @param write  a throw is a process warning, and ends the log
 */
export function wireLog(write: WriteLine = writeToStandardError): WireLog {
  return new WireLog(write);
}

/** Made by {@link wireLog}. */
export class WireLog {
  readonly #write: WriteLine;
  /** Sockets whose request has been logged, or has reached an endpoint, which logs it. */
  readonly #followed = new WeakSet<Duplex>();
  #connections = 0;
  #hasFailed = false;

  constructor(write: WriteLine) {
    this.#write = write;
  }

  /** Begins with a request that came here, and sees its answer, whatever it will be. */
  watchUpgrade(upgrade: UpgradeRequest): ConnectionLog {
    this.#followed.add(upgrade.socket);
    const log = this.#beginWith(upgrade);
    onFirstWrite(upgrade.socket, (text) => log.write('→', writtenAnswerLines(text)));
    return log;
  }

  /** Logs a request that reaches no endpoint, such as one to a path with a slip in it, if it is refused. */
  watchRefusal(upgrade: UpgradeRequest): void {
    onFirstWrite(upgrade.socket, (text) => {
      // What others on this server accept is theirs.
      if (this.#followed.has(upgrade.socket) || !/^HTTP\/1\.1 [45]/.test(text)) return;
      // The containers of a server may share this log.
      this.#followed.add(upgrade.socket);
      this.#beginWith(upgrade).write('→', writtenAnswerLines(text));
    });
  }

  /** Begins with a request that was sent from here, and its answer. */
  watchDialled(request: ClientRequest, answer: IncomingMessage): ConnectionLog {
    const log = this.#begin();
    const sent = request.getRawHeaderNames().flatMap((name) => [name, String(request.getHeader(name))]);
    log.write('→', requestLines(request.method, request.path, sent));
    log.write('←', answerLines(answer.statusCode ?? 0, answer.statusMessage ?? '', answer.rawHeaders));
    return log;
  }

  #beginWith({ request }: UpgradeRequest): ConnectionLog {
    const log = this.#begin();
    log.write('←', requestLines(request.method ?? 'GET', request.url ?? '/', request.rawHeaders));
    return log;
  }

  #begin(): ConnectionLog {
    const prefix = `#${++this.#connections}`;
    return new ConnectionLog((line) => this.#print(`${prefix} ${line}`));
  }

  #print(line: string): void {
    if (this.#hasFailed) return;
    try {
      const written: unknown = this.#write(line);
      if (isThenable(written)) Promise.resolve(written).catch((cause: unknown) => this.#fail(cause));
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    warn(`the wire log cannot be written and has ended: ${inspect(cause)}`);
  }
}

/** The lines of one connection. */
export class ConnectionLog {
  readonly #print: WriteLine;
  readonly #received = new FrameText();
  readonly #sent = new FrameText();

  constructor(print: WriteLine) {
    this.#print = print;
  }

  write(arrow: '←' | '→', lines: readonly string[]): void {
    for (const line of lines) this.#print(`${arrow} ${line}`);
  }

  /** The same handler, with the frames and the end of its connection logged here first. */
  over(handler: ConnectionHandler): ConnectionHandler {
    const watching: ConnectionHandler = {
      onFrame: (_connection: WebSocketConnection, frame: SeenFrame) => this.#tellFrame(frame),
      onClose: (connection: WebSocketConnection, reason: CloseDetails) => {
        this.#print(`× ${endText(reason)}`);
        return handler.onClose?.(connection, reason);
      },
    };
    return Object.setPrototypeOf(watching, handler) as ConnectionHandler;
  }

  #tellFrame(frame: SeenFrame): void {
    if (frame.direction === 'in') this.#print(`← ${this.#received.describe(frame)}`);
    else this.#print(`→ ${this.#sent.describe(frame)}`);
  }
}

/** `over, 1000, closed by the peer` */
function endText({ code, wasClean, initiator, error }: CloseDetails): string {
  const by = { local: 'closed here', remote: 'closed by the peer', none: 'closed by neither side' }[initiator];
  return `over, ${code}, ${by}${wasClean || error === undefined ? '' : `: ${error.code}`}`;
}

function writeToStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Calls `report` with the first thing that is written to `socket`, as text, before it is written. For debugging only: it
 * stands in the way of `write` and `end` until then, because acceptance and refusals of every kind go that way.
 */
function onFirstWrite(socket: Duplex, report: (text: string) => void): void {
  const stepAside = (): void => {
    delete (socket as Partial<Duplex>).write;
    delete (socket as Partial<Duplex>).end;
  };
  const watch = (chunk: unknown): void => {
    stepAside();
    if (typeof chunk === 'string') report(chunk);
    else if (chunk instanceof Uint8Array) report(Buffer.from(chunk).toString('utf8'));
  };
  const { write, end } = socket;
  socket.write = ((...given: unknown[]): boolean => {
    watch(given[0]);
    return Reflect.apply(write, socket, given) as boolean;
  }) as Duplex['write'];
  socket.end = ((...given: unknown[]): Duplex => {
    watch(given[0]);
    return Reflect.apply(end, socket, given) as Duplex;
  }) as Duplex['end'];
}
