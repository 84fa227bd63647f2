// What is allowed, and may surprise the operator of the server.

import { isLoopbackHost } from '@longwire/websocket';
import type { Logger } from '../runtime/logger.js';
import type { ServerConfig } from './server-config.js';

/** Logs what can be read on its way, or is lost. Called once the server listens. */
export function warnOfDangers({ tls, behindProxy, host, data }: ServerConfig, logger: Logger): void {
  if (tls === undefined && !behindProxy && !isLoopbackHost(host)) {
    const advice = 'Let a proxy end TLS and set --behind-proxy, or give --tls-cert and --tls-key';
    logger.warn({ host }, `Listening without TLS: tokens and messages can be read on their way. ${advice}`);
  }
  if (data.kind === 'memory')
    logger.warn({}, 'Nothing is kept: data is memory:, so all messages are lost when the server ends');
}
