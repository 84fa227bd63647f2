// Who is here and who is in the groups, for hubs in tests.

import { ManualClock } from '@longwire/test-support/manual-clock';
import type { HubPorts } from '../../src/delivery/hub.js';
import type { UserReaders } from '../../src/delivery/user-readers.js';
import { LocalUsers } from '../../src/membership/local-users.js';
import { MemberCache, type MemberCacheParts } from '../../src/membership/member-cache.js';

/** Without `parts` there are no groups. */
export function hubAudience(parts: Partial<MemberCacheParts<UserReaders>> = {}): Pick<HubPorts, 'users' | 'members'> {
  const users = new LocalUsers<UserReaders>();
  const members = new MemberCache<UserReaders>({
    log: {
      rights: () => Promise.reject(new Error('there are no groups')),
      members: () => Promise.reject(new Error('there are no groups')),
    },
    whenApplied: () => undefined,
    users,
    clock: new ManualClock(),
    onFailure: (error) => {
      throw error;
    },
    ...parts,
  });
  return { users, members };
}
