// A client on a platform of the test, with its state changes and errors.

import type { ConnectOptions } from '../../src/arguments/options.js';
import type { LongwireClient } from '../../src/client.js';
import { connectOn } from '../../src/connect-on.js';
import type { ConnectionStateChange } from '../../src/connection/connection-state.js';
import type { LongwireError } from '../../src/errors.js';
import { TestPlatform } from './test-platform.js';

export function startClient(options: ConnectOptions = {}): {
  platform: TestPlatform;
  client: LongwireClient;
  changes: ConnectionStateChange[];
  errors: LongwireError[];
} {
  const platform = new TestPlatform();
  const client = connectOn(platform, { url: 'ws://test', device: 'd', getToken: () => 'dev:alice', ...options });
  const changes: ConnectionStateChange[] = [];
  const errors: LongwireError[] = [];
  client.on('state', (change) => void changes.push(change));
  client.on('error', (error) => void errors.push(error));
  return { platform, client, changes, errors };
}

/** `t1`, `t2`, … */
export function countedTokens(prefix: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${count}`;
  };
}
