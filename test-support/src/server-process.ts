// A real `longwire serve` process on a data folder that outlives it: started, killed, started again, on one port.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.js';
import { ProgramProcess, type ProgramResult } from './program-process.js';
import { until } from './until.js';

/** The compiled `longwire` command. */
export const longwireCommand = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

/** Of one request: another program may have the port, and never answer. */
const READY_TIMEOUT_MS = 5_000;

export class ServerProcess {
  readonly folder: string;
  readonly port: number;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #command: readonly string[];
  readonly #lives: ProgramProcess[] = [];

  private constructor(
    folder: string,
    port: number,
    settings: Readonly<Record<string, string>>,
    command: readonly string[],
  ) {
    this.folder = folder;
    this.port = port;
    this.#settings = settings;
    this.#command = command;
  }

  /**
   * Starts a server in auth dev on a new folder; resolves when it is ready.
   * @param command what runs Node, e.g. `['strace', '-f', process.execPath]`
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    command: readonly string[] = [process.execPath],
  ): Promise<ServerProcess> {
    const folder = settings['LONGWIRE_DATA'] ?? (await mkdtemp(join(tmpdir(), 'longwire-e2e-')));
    const server = new ServerProcess(folder, await freePort(), settings, command);
    await server.startAgain();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get gatewayUrl(): string {
    return `ws://127.0.0.1:${this.port}/v1/connect`;
  }

  get pid(): number {
    return this.#lives.at(-1)?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#lives.at(-1)?.isRunning === true;
  }

  /** Standard output and error of all lives of the server. */
  get output(): string {
    return this.#lives.map(({ output }) => output).join('');
  }

  /** Resolves when it is ready. */
  async startAgain(): Promise<void> {
    const program = new ProgramProcess([...this.#command, longwireCommand, 'serve'], {
      environment: {
        ...process.env,
        NODE_ENV: 'test',
        LONGWIRE_PORT: String(this.port),
        LONGWIRE_DATA: this.folder,
        LONGWIRE_AUTH: 'dev',
        ...this.#settings,
      },
    });
    this.#lives.push(program);
    const isReady = async () => {
      if (!program.isRunning) throw new Error(`the server ended:\n${this.output}`);
      return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) }).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await until(isReady, () => `a server that is ready:\n${this.output}`, 60_000);
  }

  /** Sends the signal and resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProgramResult | undefined> {
    return this.#lives.at(-1)?.kill(signal);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
