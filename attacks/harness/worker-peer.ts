// A thread with clients of its own: its event loop does not share what the test's thread does.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export class WorkerPeer<Report> {
  readonly #worker: Worker;
  /** Why it has no connection any more. */
  ended: string | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (report: { type?: string; why?: string }) => {
      if (report.type === 'ended') this.ended = report.why;
    });
  }

  /** Resolves once it has begun. */
  static async start<Report>(program: URL, workerData: object): Promise<WorkerPeer<Report>> {
    const worker = new Worker(program, { workerData });
    const peer = new WorkerPeer<Report>(worker);
    await once(worker, 'message');
    if (peer.ended !== undefined) throw new Error(`${program.pathname} could not connect: ${peer.ended}`);
    return peer;
  }

  /** What it saw since the last call. */
  take(): Promise<Report> {
    const answer = new Promise<Report>((resolve) => {
      const listen = (report: Report & { type?: string }): void => {
        if (report.type === 'ended') return;
        this.#worker.off('message', listen);
        resolve(report);
      };
      this.#worker.on('message', listen);
    });
    this.#worker.postMessage('take');
    return answer;
  }

  async stop(): Promise<void> {
    const gone = once(this.#worker, 'exit');
    this.#worker.postMessage('end');
    await gone;
  }
}
