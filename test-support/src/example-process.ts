// One of the example programs in a process of its own, as `npm start -w examples/…` runs it, on a free port.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgramProcess } from './program-process.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

export interface ExampleOptions {
  /** The program below `dist`. Default 'server'. */
  readonly program?: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Its data folder, to start again on the same one. Default: a new one, removed by {@link ExampleProcess.stop}. */
  readonly data?: string;
  /** False for a program that prints no address. Default true. */
  readonly hasAddress?: boolean;
}

export class ExampleProcess extends ProgramProcess {
  static readonly #started = new Set<ExampleProcess>();
  readonly data: string;
  readonly #ownsData: boolean;

  /** Starts a compiled example; resolves once it has printed its address. */
  static async start(example: string, options: ExampleOptions = {}): Promise<ExampleProcess> {
    const started = new ExampleProcess(example, options);
    ExampleProcess.#started.add(started);
    if (options.hasAddress !== false) await started.shows(/http:\/\/\S+:\d+/, 'output');
    return started;
  }

  /** For `afterAll`: ends what is left, also of a test that failed. */
  static async stopAll(): Promise<void> {
    await Promise.all([...ExampleProcess.#started].map((started) => started.stop()));
  }

  private constructor(example: string, options: ExampleOptions) {
    const data = options.data ?? mkdtempSync(join(tmpdir(), 'longwire-example-'));
    const cwd = join(examples, example);
    const program = join(cwd, 'dist', `${options.program ?? 'server'}.js`);
    super([process.execPath, program, ...(options.args ?? [])], {
      cwd,
      environment: { ...process.env, PORT: '0', LONGWIRE_DATA: data, ...options.environment },
    });
    this.data = data;
    this.#ownsData = options.data === undefined;
  }

  /** As printed, as in `http://localhost:41234/`. */
  get url(): string {
    const [url] = /http:\/\/[^\s/]+:\d+\/?/.exec(this.output) ?? [];
    if (url === undefined) throw new Error(`no address in:\n${this.output}`);
    return url.endsWith('/') ? url : `${url}/`;
  }

  /** The address of one of its endpoints. */
  webSocketUrl(path: string): string {
    return new URL(path, this.url).href.replace(/^http/, 'ws');
  }

  /** Ends it and removes its data, if it made the folder. */
  async stop(): Promise<void> {
    ExampleProcess.#started.delete(this);
    await this.kill();
    if (this.#ownsData) rmSync(this.data, { recursive: true, force: true });
  }
}
