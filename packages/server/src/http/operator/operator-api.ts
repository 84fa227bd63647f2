// What operators ask of a running server: HTTP over a Unix socket in its data folder, JSON both ways.

import { join } from 'node:path';
import type { RefusalCounts } from '../../runtime/refusal-counter.js';
import type { UserBlock } from '../../session/user-blocks.js';

/** Name of the socket in `operatorFolder`. */
export const OPERATOR_SOCKET = 'server.sock';

/** GET lists. With the encoded id of a user behind it, PUT blocks and DELETE unblocks. */
export const BLOCKED_USERS_PATH = '/v1/blocked-users';

/** GET: what the server has refused. */
export const REFUSALS_PATH = '/v1/refusals';

/** The answer to it. */
export interface Refusals {
  /** When the server started, in Unix milliseconds. */
  readonly since: number;
  /** How often something was refused since then, by the limit or the rule. */
  readonly refusals: RefusalCounts;
}

/** The body of PUT. */
export interface BlockRequest {
  /** Unix milliseconds; absent: until the user is unblocked. */
  readonly until?: number | undefined;
}

/** The answer to PUT. */
export interface BlockedUser extends UserBlock {
  /** Sessions of the user that were open. */
  readonly endedSessions: number;
}

/** The answer to DELETE. */
export interface UnblockedUser {
  readonly user: string;
  readonly wasBlocked: boolean;
}

/** The answer to GET. */
export interface BlockedUserList {
  readonly blockedUsers: readonly UserBlock[];
}

/** A folder of its own, which only the account of the server can enter: some systems ignore the mode of a socket. */
export function operatorFolder(dataFolder: string): string {
  return join(dataFolder, 'operator');
}
