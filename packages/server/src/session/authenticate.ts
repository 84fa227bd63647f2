// Who is it? Identity comes from here and nowhere else; which engine judges follows from the configuration.

import type { ServerConfig } from '../config/server-config.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Authenticator } from './auth/authenticator.js';
import { DevAuthenticator } from './auth/dev-authenticator.js';
import { JwtAuthenticator } from './auth/jwt-authenticator.js';

export type { Authenticated, AuthenticationRefusal, Authenticator } from './auth/authenticator.js';

export interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes the authenticator that the configuration asks for.
 * @throws ServerError `invalid_config` if the file of keys cannot be read or holds keys that must not be there
 */
export function createAuthenticator(config: ServerConfig, options: AuthenticatorOptions): Authenticator {
  if (config.auth.mode === 'dev') return new DevAuthenticator(config.auth.admins);
  return new JwtAuthenticator(config.auth, { ...options, maxTokenBytes: config.limits.tokenBytes });
}
