// What the reading thread does: one page after the other.

import type { MessagePort } from 'node:worker_threads';
import { asStorageError } from './engine.js';
import type { PageConnection } from './page-connection.js';
import { type CallOutcome, type FromWorker, failureOf, type ToWorker } from './worker-messages.js';

export class PageLoop {
  readonly #connection: PageConnection;
  readonly #port: MessagePort;

  constructor(connection: PageConnection, port: MessagePort) {
    this.#connection = connection;
    this.#port = port;
  }

  start(): void {
    this.#port.on('message', (message: ToWorker) => this.#accept(message));
  }

  #accept(message: ToWorker): void {
    if (message.type === 'close') {
      this.#connection.close();
      this.#post({ type: 'closed' });
      this.#port.close();
    } else if (message.type === 'call' && message.method === 'page') {
      this.#post({ type: 'done', appends: [], calls: [this.#answer(message)], isWritable: true });
    }
  }

  #answer({ id, input }: { readonly id: number; readonly input: Parameters<PageConnection['page']>[0] }): CallOutcome {
    try {
      return { id, output: this.#connection.page(input) };
    } catch (error) {
      return { id, failure: failureOf(asStorageError(error)) };
    }
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
