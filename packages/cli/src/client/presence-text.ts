// The presence of a user, as the commands print it.

import type { PresenceState } from '@longwire/client';

/** A user whose presence may not be seen looks offline. */
export function presenceText(state: PresenceState | undefined): string {
  if (state?.online === true) return 'online';
  return state?.lastSeenAt === undefined ? 'offline' : `last seen ${new Date(state.lastSeenAt).toISOString()}`;
}
