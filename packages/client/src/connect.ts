// The way in.

import { platform } from '#platform';
import type { ConnectOptions } from './arguments/options.js';
import type { LongwireClient } from './client.js';
import { connectOn } from './connect-on.js';

/**
 * Opens a user's line to a Longwire server and keeps it open. Returns at once; the first attempt starts when the
 * present turn of the event loop ends, so listeners added right after miss nothing.
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
