// One of the example programs as a process of its own, as `npm start -w examples/…` runs it, on a free port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const examples = fileURLToPath(new URL('.', import.meta.url));
const withinMs = 20_000;

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

export class ExampleProcess {
  static readonly #running = new Set<ExampleProcess>();
  readonly data: string;
  readonly #ownsData: boolean;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #hasEnded = false;
  #output = '';

  /** Starts a compiled example; resolves once it has printed its address. */
  static async start(example: string, options: ExampleOptions = {}): Promise<ExampleProcess> {
    const started = new ExampleProcess(example, options);
    ExampleProcess.#running.add(started);
    if (options.hasAddress !== false) {
      await vi.waitUntil(() => {
        started.#expectAlive();
        return /http:\/\/\S+:\d+/.test(started.#output);
      }, withinMs);
    }
    return started;
  }

  /** For `afterAll`: ends what is left, also of a test that failed. */
  static async stopAll(): Promise<void> {
    await Promise.all([...ExampleProcess.#running].map((running) => running.stop()));
  }

  private constructor(example: string, options: ExampleOptions) {
    this.#ownsData = options.data === undefined;
    this.data = options.data ?? mkdtempSync(join(tmpdir(), `longwire-example-`));
    const folder = join(examples, example);
    const program = join(folder, 'dist', `${options.program ?? 'server'}.js`);
    this.#child = spawn(process.execPath, [program, ...(options.args ?? [])], {
      cwd: folder,
      env: { ...process.env, PORT: '0', LONGWIRE_DATA: this.data, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Not 'exit': its last lines come after that.
    this.#exited = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true;
      return code as number | null;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** What it has printed so far, both streams. */
  get output(): string {
    return this.#output;
  }

  /** As printed, as in `http://localhost:41234/`. */
  get url(): string {
    const [url] = /http:\/\/[^\s/]+:\d+\/?/.exec(this.#output) ?? [];
    if (url === undefined) throw new Error(`no address in:\n${this.#output}`);
    return url.endsWith('/') ? url : `${url}/`;
  }

  /** The address of one of its endpoints. */
  webSocketUrl(path: string): string {
    return new URL(path, this.url).href.replace(/^http/, 'ws');
  }

  /** Resolves with the matches once at least `count` lines of its output match. */
  async line(pattern: RegExp, count = 1): Promise<RegExpExecArray[]> {
    let found: RegExpExecArray[] = [];
    await vi.waitUntil(() => {
      found = this.#output
        .split(/\r?\n/)
        .map((line) => pattern.exec(line))
        .filter((match) => match !== null);
      if (found.length < count) this.#expectAlive();
      return found.length >= count;
    }, withinMs);
    return found;
  }

  /** Writes a line to its standard input. */
  type(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }

  /** Ends its standard input, as Ctrl+D does. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Its exit code once it has ended by itself. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Ends it with `signal` and leaves its data. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exited;
  }

  /** Ends it and removes its data, if it made the folder. */
  async stop(): Promise<void> {
    ExampleProcess.#running.delete(this);
    if (!this.#hasEnded) await this.kill('SIGKILL');
    if (this.#ownsData) rmSync(this.data, { recursive: true, force: true });
  }

  #expectAlive(): void {
    if (this.#hasEnded) throw new Error(`it has ended with ${this.#child.exitCode}:\n${this.#output}`);
  }
}
