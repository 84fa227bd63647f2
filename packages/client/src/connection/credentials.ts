// What an attempt to connect needs before the socket: a token and a device id, within the time of the attempt.

import type { PlatformClock } from '../platform/platform.js';
import type { DeviceIds } from './device-ids.js';
import type { TokenProvider } from './token-provider.js';
import type { UserGuard } from './user-guard.js';

export interface Credentials {
  readonly token: string | undefined;
  /** The token is that of an earlier connection: `getToken` was not called for this attempt. */
  readonly isTokenKept: boolean;
  readonly device: string;
  /** The time left for the socket and the sign-in; 0 or less means none. */
  readonly leftMs: number;
}

export interface CredentialSources {
  readonly tokens: TokenProvider;
  readonly devices: DeviceIds;
  readonly userGuard: UserGuard;
  readonly clock: PlatformClock;
}

/** @throws LongwireError `token_failed`, `user_changed`, or what `getToken` threw if it is a LongwireError */
export async function gatherCredentials(sources: CredentialSources, timeoutMs: number): Promise<Credentials> {
  const { tokens, devices, userGuard, clock } = sources;
  const startedAt = clock.now();
  // Never more than the whole time: the machine's clock may have been set back.
  const leftMs = () => Math.min(timeoutMs, startedAt + timeoutMs - clock.now());
  const { token, isKept: isTokenKept } = await tokens.forConnect();
  userGuard.checkToken(token);
  const device = await devices.deviceFor(token, leftMs());
  return { token, isTokenKept, device, leftMs: leftMs() };
}
