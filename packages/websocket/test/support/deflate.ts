// permessage-deflate as a server has it when it was negotiated without parameters.
import { PerMessageDeflate } from '../../src/extension/permessage-deflate.js';
import type { ResolvedPerMessageDeflateOptions } from '../../src/options.js';
import { resolveWebSocketOptions } from '../../src/options.js';

const AGREED = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

const options = resolveWebSocketOptions({ perMessageDeflate: true })
  .perMessageDeflate as ResolvedPerMessageDeflateOptions;

/** @param engine  `stream` keeps to the public interface of node:zlib */
export function plainDeflate(engine: 'auto' | 'stream' = 'auto'): PerMessageDeflate {
  return new PerMessageDeflate('server', AGREED, options, engine);
}
