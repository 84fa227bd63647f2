// `longwire connect`: a raw WebSocket in the terminal, every frame shown for what it is.

import { type CloseDetails, dial, type WebSocketConnection, WebSocketError } from '@longwire/websocket';
import { Command, InvalidArgumentError } from 'commander';
import { CliFailure, ExitCode, type SetExitCode } from '../exit-code.js';
import { type FrameEvent, frameJson, frameLine } from '../frame-text.js';
import { type LineCommand, parseLine } from '../line-command.js';
import { LineDialog } from '../line-dialog.js';
import { parseMilliseconds } from '../milliseconds.js';
import { painter, type Terminal, usesColor } from '../terminal.js';

interface ConnectCommandOptions {
  readonly subprotocol: readonly string[];
  readonly header: Readonly<Record<string, string>>;
  readonly origin?: string;
  readonly deflate?: boolean;
  readonly waitMs: number;
  readonly json?: boolean;
}

/** Codes with which a connection ends as it should (RFC 6455 §7.4.1; 1005: a Close frame without a code). */
const goodCodes = [1000, 1001, 1005];

export function connectCommand(terminal: Terminal, setExitCode: SetExitCode): Command {
  return new Command('connect')
    .description('open a raw WebSocket: lines typed are sent as text, everything that comes is shown')
    .argument('<ws-url>', 'ws:// or wss:// URL')
    .option('--subprotocol <name>', 'offer a subprotocol; may be repeated', collect, [])
    .option('--header <name: value>', 'send a request header; may be repeated', collectHeader, {})
    .option('--origin <origin>', 'send an Origin, as a browser would')
    .option('--deflate', 'offer compression (permessage-deflate)')
    .option('--wait-ms <number>', 'when stdin ends, wait so long for answers before closing', parseWait, 0)
    .option('--json', 'print every event as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, options: ConnectCommandOptions) => {
      setExitCode(await new RawDialog(terminal, options).run(url));
    });
}

class RawDialog {
  readonly #terminal: Terminal;
  readonly #options: ConnectCommandOptions;
  readonly #dialog: LineDialog;
  readonly #show: (event: FrameEvent) => void;
  /** Resolves with how the connection ended. */
  readonly #closed: Promise<CloseDetails>;
  #onClosed: (close: CloseDetails) => void = () => undefined;

  constructor(terminal: Terminal, options: ConnectCommandOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#dialog = new LineDialog(terminal);
    const paint = painter(usesColor(terminal, terminal.stdout));
    this.#show = (event) => this.#dialog.print(options.json ? frameJson(event) : frameLine(event, paint));
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  async run(url: string): Promise<number> {
    const connection = await this.#open(url);
    this.#show({ type: 'open', subprotocol: connection.subprotocol, extensions: connection.extensions });
    for await (const line of this.#dialog.lines()) {
      const command = parseLine(line);
      if (command.kind === 'wrong') this.#terminal.stderr.write(`${command.message}\n`);
      else if (!this.#obey(command, connection)) break;
    }
    const isPiped = this.#terminal.stdin.isTTY !== true;
    if (isPiped && connection.state === 'open' && this.#options.waitMs > 0) {
      await Promise.race([this.#closed, new Promise((resolve) => setTimeout(resolve, this.#options.waitMs))]);
    }
    connection.close(1000);
    const { code } = await this.#closed;
    return goodCodes.includes(code) ? ExitCode.ok : ExitCode.failed;
  }

  async #open(url: string): Promise<WebSocketConnection> {
    const { subprotocol, header, origin, deflate } = this.#options;
    try {
      return await dial(url, {
        subprotocols: subprotocol,
        headers: origin === undefined ? header : { ...header, Origin: origin },
        options: { perMessageDeflate: deflate === true },
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
      if (!(error instanceof WebSocketError)) throw error;
      const exitCode = error.code.startsWith('invalid_') ? ExitCode.usage : ExitCode.failed;
      throw new CliFailure(exitCode, `Cannot connect to ${url}: ${error.message}`, { cause: error });
    }
  }

  /** Does what a line says. False: no more lines are wanted. */
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

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function collectHeader(value: string, previous: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const match = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(value);
  if (match === null) throw new InvalidArgumentError('A header is "Name: value".');
  return { ...previous, [match[1]!]: match[2]! };
}

function parseWait(text: string): number {
  return parseMilliseconds(text, { min: 0 });
}

const EXAMPLES = `
Lines that are not text to send:
  /ping [text]           send a ping
  /binary 00 ff 10       send bytes
  /close [code] [reason] close, by default with 1000
  /exit                  the same as /close
  //text                 send text that begins with a slash

Exit codes: 0 closed as it should be, 1 not connected or closed with another code than 1000 and 1001.

Examples:
  longwire connect ws://127.0.0.1:8080/v1/connect --subprotocol longwire.v1.json
  echo '{"id":1,"type":"ping"}' | longwire connect ws://127.0.0.1:8080/v1/connect --json --wait-ms 500`;
