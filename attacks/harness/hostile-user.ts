// A user who does one thing at the highest rate that the limits allow, and tries for more.

import { WorkerPeer } from './worker-peer.js';

/** What a hostile user can do: commands, in the form that costs the server most, and reading nothing. */
export const attacks = [
  'connect',
  'refresh',
  'send',
  'send with since',
  'ack',
  'read',
  'history',
  'channels',
  'ping',
  'invalid fields',
  'stalled readers',
] as const;

export type Attack = (typeof attacks)[number];

export interface HostileUserOptions {
  readonly url: string;
  readonly user: string;
  readonly token: string;
  readonly attack: Attack;
  readonly seed: number;
  /** `sessions.perUser` of the server. */
  readonly sessions: number;
  /** `limits.inFlight` of the server: unanswered commands of each session. */
  readonly inFlight: number;
  /** `peer-0` … are known to the user; the first has a long history with them. */
  readonly peers: number;
}

/** How often what happened in all: `sent`, `got <type or error code>`, `closed <code>`. */
export type HostileUserReport = Readonly<Record<string, number>>;

export function startHostileUser(options: HostileUserOptions): Promise<WorkerPeer<HostileUserReport>> {
  return WorkerPeer.start(new URL('./hostile-user-worker.mjs', import.meta.url), options);
}
