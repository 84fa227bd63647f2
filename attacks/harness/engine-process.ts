// Starts and ends the servers of engine-process.mjs and container-process.mjs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WebSocketOptions } from '@longwire/websocket';

const ENGINE_PROGRAM = fileURLToPath(new URL('./engine-process.mjs', import.meta.url));
const CONTAINER_PROGRAM = fileURLToPath(new URL('./container-process.mjs', import.meta.url));

export interface ContainerSettings {
  /** Default: any free one. */
  readonly port?: number;
  readonly maxPendingHandshakes?: number;
  /** How long the hook of `/busy` takes. */
  readonly hookMs?: number;
}

export class EngineProcess {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, port: number, output: () => string) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.port = port;
    this.#output = output;
  }

  /** The bare engine. */
  static start(options: WebSocketOptions): Promise<EngineProcess> {
    return EngineProcess.#start(ENGINE_PROGRAM, options);
  }

  /** A container with endpoints; `command` runs what is appended to it. */
  static startContainer(settings: ContainerSettings, command?: readonly string[]): Promise<EngineProcess> {
    return EngineProcess.#start(CONTAINER_PROGRAM, settings, command);
  }

  static async #start(
    program: string,
    settings: object,
    [run = process.execPath, ...before]: readonly string[] = [],
  ): Promise<EngineProcess> {
    const args = [...before, '--expose-gc', program, JSON.stringify(settings)];
    const child = spawn(run, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const port = await Promise.race([
      once(child.stdout, 'data').then(([chunk]) => Number(String(chunk))),
      once(child, 'exit').then(() => Number.NaN),
    ]);
    if (!Number.isInteger(port)) throw new Error(`the server did not start:\n${output}`);
    return new EngineProcess(child, port, () => output);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it complained about. */
  get output(): string {
    return this.#output();
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
