// Starts and ends the servers of engine-process.mjs and container-process.mjs.

import { fileURLToPath } from 'node:url';
import { ProgramProcess } from '@longwire/test-support/program-process';
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
  readonly #program: ProgramProcess;

  private constructor(program: ProgramProcess, port: number) {
    this.#program = program;
    this.port = port;
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
    file: string,
    settings: object,
    command: readonly string[] = [process.execPath],
  ): Promise<EngineProcess> {
    const program = new ProgramProcess([...command, '--expose-gc', file, JSON.stringify(settings)]);
    const [, port] = await program.shows(/^(\d+)\n/);
    return new EngineProcess(program, Number(port));
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  get pid(): number {
    return this.#program.pid;
  }

  get isRunning(): boolean {
    return this.#program.isRunning;
  }

  /** What it wrote to standard error. */
  get output(): string {
    return this.#program.stderr;
  }

  async stop(): Promise<void> {
    await this.#program.kill();
  }
}
