// Who is here and who is in the groups, for hubs in tests.

import { ManualClock } from '@longwire/test-support/manual-clock';
import type { HubPorts } from '../../src/delivery/hub.js';
import type { UserReaders } from '../../src/delivery/user-readers.js';
import { LocalUsers } from '../../src/membership/local-users.js';
import { MemberCache, type MemberCacheLimits, type MemberCacheParts } from '../../src/membership/member-cache.js';

/** Without `parts` there are no groups. With `limits`, their members are loaded again and again. */
export function hubAudience(
  parts: Partial<MemberCacheParts<UserReaders>> = {},
  limits?: MemberCacheLimits,
): Pick<HubPorts, 'users' | 'members'> {
  const users = new LocalUsers<UserReaders>();
  const members = new MemberCache<UserReaders>(
    {
      log: {
        rights: () => Promise.reject(new Error('there are no groups')),
        members: () => Promise.reject(new Error('there are no groups')),
        pending: () => Promise.reject(new Error('there are no groups')),
      },
      whenApplied: () => undefined,
      users,
      clock: new ManualClock(),
      onFailure: (error) => {
        throw error;
      },
      ...parts,
    },
    limits,
  );
  return { users, members };
}
