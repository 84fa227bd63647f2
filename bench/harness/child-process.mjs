// The processes of a benchmark: server and load generator each have their own, pinned to a core where that is possible.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const canPin = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
const stopWithinMs = 5_000;

/** Core of each side, the same for us and for the peer. */
export const serverCore = 0;
export const generatorCore = 1;

/**
 * The command that runs Node on one core; `undefined` leaves the choice to the scheduler.
 * @param {number | undefined} core
 * @param {readonly string[]} nodeArguments
 */
export function nodeCommand(core, nodeArguments) {
  const command = [process.execPath, ...nodeArguments];
  return canPin && core !== undefined ? ['taskset', '-c', String(core), ...command] : command;
}

/** For profiling: `BENCH_SERVER_ARGUMENTS="--cpu-prof --cpu-prof-dir=/tmp/profile" npm run bench -- durable`. */
export const serverArguments = (process.env.BENCH_SERVER_ARGUMENTS ?? '').split(' ').filter((word) => word !== '');

/** How processes are placed, in words for the result. */
export const placement = canPin
  ? `server pinned to core ${serverCore}, generator to core ${generatorCore}`
  : 'not pinned (no taskset)';

export class BenchProcess {
  #child;
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #asked = new Map();
  #nextId = 1;

  /**
   * Starts a module of `bench/processes`, which calls `answerQuestions`.
   * @param {URL} module
   * @param {{ core: number | undefined, nodeArguments?: readonly string[], arguments?: readonly string[] }} options
   */
  constructor(module, { core, nodeArguments = [], arguments: own = [] }) {
    const [file = '', ...rest] = nodeCommand(core, [...nodeArguments, fileURLToPath(module), ...own]);
    this.#child = spawn(file, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (/** @type {{ id: number, answer?: unknown, error?: string }} */ message) => {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      if (message.error !== undefined) asked?.reject(new Error(message.error));
      else asked?.resolve(message.answer);
    });
    this.#child.on('exit', (code) => {
      for (const asked of this.#asked.values()) asked.reject(new Error(`a benchmark process ended with code ${code}`));
    });
  }

  /** @returns {number} of Node itself: taskset becomes it */
  get pid() {
    return /** @type {number} */ (this.#child.pid);
  }

  /**
   * @param {string} question
   * @param {unknown} [input]
   * @returns {Promise<any>}
   */
  ask(question, input) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, question, input });
    });
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(killer);
  }
}

/**
 * The other end: answers what the harness asks, and ends with it.
 * @param {Record<string, (input: any) => unknown>} answers
 */
export function answerQuestions(answers) {
  process.on('message', (/** @type {{ id: number, question: string, input: unknown }} */ { id, question, input }) => {
    Promise.resolve()
      .then(() => answers[question]?.(input))
      .then(
        (answer) => process.send?.({ id, answer }),
        (error) =>
          process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}
