// Shows the state of the connection.

import type { ConnectionStateChange } from '@longwire/client';
import { wordsForState } from '../words.js';

export class ConnectionLine {
  readonly #line: HTMLElement;

  constructor(line: HTMLElement) {
    this.#line = line;
  }

  show(change: Pick<ConnectionStateChange, 'state' | 'code' | 'reason' | 'willReconnect' | 'retryInMs'>): void {
    this.#line.dataset['state'] = change.state;
    this.#line.textContent = wordsForState(change);
    this.#line.title = change.reason;
  }
}
