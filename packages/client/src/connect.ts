// The entry point.

import { platform } from '#platform';
import type { ConnectOptions } from './arguments/options.js';
import type { LongwireClient } from './client.js';
import { connectOn } from './connect-on.js';

/**
 * Connects a user to a Longwire server and keeps them connected. Returns at once. The first attempt starts after the
 * current turn of the event loop, so that listeners added right away miss nothing.
 *
 * ```js
 * const client = connect({ url: 'ws://127.0.0.1:8080', device: 'laptop', getToken: () => 'dev:alice' });
 * client.on('message', (message) => console.log(message.from, message.body));
 * const { offset } = await client.user('bob').send({ text: 'hello' });   // stored on the server's disk
 * await client.close();
 * ```
 * @throws LongwireError `invalid_field`: an unknown option, or one out of its range
 */
export function connect(options: ConnectOptions): LongwireClient {
  return connectOn(platform, options);
}
