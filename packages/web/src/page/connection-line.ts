// The state of the connection, in words.

import type { ConnectionStateChange } from '@longwire/client';

export class ConnectionLine {
  readonly #line: HTMLElement;

  constructor(line: HTMLElement) {
    this.#line = line;
  }

  show(change: Pick<ConnectionStateChange, 'state' | 'reason' | 'willReconnect' | 'retryInMs'>): void {
    this.#line.dataset['state'] = change.state;
    this.#line.textContent = wordsFor(change);
  }
}

function wordsFor({
  state,
  reason,
  willReconnect,
  retryInMs,
}: Pick<ConnectionStateChange, 'state' | 'reason' | 'willReconnect' | 'retryInMs'>): string {
  switch (state) {
    case 'connected':
      return 'Connected 已连接';
    case 'connecting':
      return 'Connecting… 连接中…';
    case 'closed':
      return 'Signed out 已退出';
    case 'disconnected': {
      const why = reason === '' ? '' : ` (${reason})`;
      if (!willReconnect) return `Disconnected${why} 已断开`;
      const seconds = Math.ceil((retryInMs ?? 0) / 1000);
      return `Disconnected${why}, trying again in ${seconds} s 连接断开，${seconds} 秒后重连`;
    }
  }
}
