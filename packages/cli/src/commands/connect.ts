// `longwire connect`: a raw WebSocket connection in the terminal.

import {
  type CloseDetails,
  dial,
  WebSocketCloseCode,
  type WebSocketConnection,
  WebSocketError,
} from '@longwire/websocket';
import { Command, InvalidArgumentError } from 'commander';
import { parseMilliseconds } from '../arguments/milliseconds.js';
import { CliFailure, ExitCode, type SetExitCode } from '../exit-code.js';
import { type FrameEvent, frameJson, frameLine } from '../frames/frame-text.js';
import { type LineCommand, parseLine } from '../frames/line-command.js';
import { LineDialog } from '../terminal/line-dialog.js';
import { type StopSignal, stopSignal } from '../terminal/stop-signal.js';
import { painter, type Terminal, usesColor, writeError } from '../terminal/terminal.js';

interface ConnectCommandOptions {
  readonly subprotocol?: readonly string[];
  readonly header?: Readonly<Record<string, string>>;
  readonly origin?: string;
  readonly deflate?: boolean;
  readonly waitMs: number;
  readonly json?: boolean;
}

/** Codes of a regular end (RFC 6455 §7.4.1; 1005: a Close frame without a code). */
const regularCodes: readonly number[] = [
  WebSocketCloseCode.normal,
  WebSocketCloseCode.goingAway,
  WebSocketCloseCode.noStatusReceived,
];

export function connectCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  return new Command('connect')
    .description('open a raw WebSocket connection: each line typed is sent as text, everything received is shown')
    .argument('<ws-url>', 'ws:// or wss:// URL')
    .option('--subprotocol <name>', 'offer a subprotocol; may be repeated', collect)
    .option('--header <name: value>', 'send a request header; may be repeated', collectHeader)
    .option('--origin <origin>', 'send an Origin header, as browsers do')
    .option('--deflate', 'offer compression (permessage-deflate)')
    .option('--wait-ms <number>', 'how long to wait for answers after stdin ends', parseWait, 0)
    .option('--json', 'print each event as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, options: ConnectCommandOptions) => {
      const stop = stopSignal();
      try {
        setExitCode(await new RawDialog(terminal, options, stop).run(url));
      } finally {
        stop.release();
      }
    });
}

class RawDialog {
  readonly #terminal: Terminal;
  readonly #options: ConnectCommandOptions;
  readonly #stop: StopSignal;
  readonly #dialog: LineDialog;
  readonly #show: (event: FrameEvent) => void;
  /** Resolves with how the connection ended. */
  readonly #closed: Promise<CloseDetails>;
  #onClosed: (close: CloseDetails) => void = () => undefined;

  constructor(terminal: Terminal, options: ConnectCommandOptions, stop: StopSignal) {
    this.#terminal = terminal;
    this.#options = options;
    this.#stop = stop;
    this.#dialog = new LineDialog(terminal, stop.received);
    const paint = painter(usesColor(terminal, terminal.stdout));
    this.#show = (event) => void this.#dialog.print(options.json ? frameJson(event) : frameLine(event, paint));
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  /**
   * Resolves when the connection has closed, with the exit code for its close code.
   * @throws Interrupted, OutputError, CliFailure
   */
  async run(url: string): Promise<number> {
    const connection = await this.#open(url);
    this.#show({ type: 'open', subprotocol: connection.subprotocol, extensions: connection.extensions });
    try {
      for await (const line of this.#dialog.lines()) {
        const command = parseLine(line);
        if (command.kind === 'wrong') writeError(this.#terminal, command.message);
        else if (!this.#obey(command, connection)) break;
      }
      await this.#awaitAnswers(connection);
    } finally {
      connection.close(WebSocketCloseCode.normal);
      await this.#closed;
    }
    this.#dialog.interrupted.throwIfAborted();
    await this.#dialog.flush();
    const { code } = await this.#closed;
    return regularCodes.includes(code) ? ExitCode.ok : ExitCode.failed;
  }

  /** For piped input, which ends long before the answers arrive. */
  async #awaitAnswers(connection: WebSocketConnection): Promise<void> {
    const isPiped = this.#terminal.stdin.isTTY !== true;
    if (!isPiped || connection.state !== 'open' || this.#options.waitMs === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs);
    });
    await Promise.race([this.#closed, this.#stop.received, late]);
    clearTimeout(timer);
  }

  async #open(url: string): Promise<WebSocketConnection> {
    const { subprotocol = [], header = {}, origin, deflate } = this.#options;
    try {
      return await dial(url, {
        subprotocols: subprotocol,
        headers: origin === undefined ? header : { ...header, Origin: origin },
        options: { perMessageDeflate: deflate === true },
        signal: this.#dialog.interrupted,
        handler: {
          onText: (_, text) => this.#show({ type: 'text', direction: 'in', text }),
          onBinary: (_, data) => this.#show({ type: 'binary', direction: 'in', data }),
          onPing: (_, data) => this.#show({ type: 'ping', direction: 'in', data }),
          onPong: (_, data) => this.#show({ type: 'pong', direction: 'in', data }),
          onError: (_, error) => this.#show({ type: 'error', code: error.code, message: error.message }),
          onClose: (_, close) => this.#end(close),
        },
      });
    } catch (error) {
      this.#dialog.end();
      this.#dialog.interrupted.throwIfAborted();
      if (!(error instanceof WebSocketError)) throw error;
      const exitCode = error.code.startsWith('invalid_') ? ExitCode.usage : ExitCode.failed;
      throw new CliFailure(exitCode, `Cannot connect to ${url}: ${error.message}`, { cause: error });
    }
  }

  /** Executes a line. Returns false if it was the last one. */
  #obey(command: Exclude<LineCommand, { kind: 'wrong' }>, connection: WebSocketConnection): boolean {
    switch (command.kind) {
      case 'text':
        connection.sendText(command.text);
        if (this.#options.json) this.#show({ type: 'text', direction: 'out', text: command.text });
        return true;
      case 'binary':
        connection.sendBinary(command.data);
        this.#show({ type: 'binary', direction: 'out', data: command.data });
        return true;
      case 'ping':
        connection.ping(command.data);
        this.#show({ type: 'ping', direction: 'out', data: command.data });
        return true;
      case 'close':
        connection.close(command.code, command.reason);
        return false;
      case 'nothing':
        return true;
    }
  }

  #end(close: CloseDetails): void {
    this.#dialog.end();
    this.#show({ type: 'close', code: close.code, reason: close.reason, wasClean: close.wasClean });
    this.#onClosed(close);
  }
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function collectHeader(
  value: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const match = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(value);
  if (match === null) throw new InvalidArgumentError('Expected "Name: value".');
  return { ...previous, [match[1]!]: match[2]! };
}

function parseWait(text: string): number {
  return parseMilliseconds(text, { min: 0 });
}

const EXAMPLES = `
Lines that are commands:
  /ping [text]           send a ping
  /binary 00 ff 10       send bytes
  /close [code] [reason] close; the default code is 1000
  /exit                  the same as /close
  //text                 send text that starts with a slash

Exit codes: 0 closed with 1000, 1001 or no code; 1 not connected, or closed with another code; 130 Ctrl+C.

Examples:
  longwire connect ws://127.0.0.1:8080/v1/connect --subprotocol longwire.v1.json
  echo '{"id":1,"type":"ping"}' | longwire connect ws://127.0.0.1:8080/v1/connect --json --wait-ms 500`;
