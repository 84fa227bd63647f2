// How a user is shown to people, and what changes it. Words that storage, the bus and the rules share.

import type { UserProfile } from '@longwire/protocol';

/** What becomes of a profile. `null`: there is none any more; undefined: left alone. Texts are as `UserProfile` has them. */
export interface ProfileChange {
  readonly name: string | null | undefined;
  readonly picture: string | null | undefined;
}

export const NO_PROFILE: UserProfile = Object.freeze({});

/** The profile after a change; the same object if it changes nothing. */
export function changedProfile(known: UserProfile, { name, picture }: ProfileChange): UserProfile {
  const changed = {
    name: name === undefined ? known.name : (name ?? undefined),
    picture: picture === undefined ? known.picture : (picture ?? undefined),
  };
  return changed.name === known.name && changed.picture === known.picture ? known : changed;
}

/** As names are compared when users are searched for: upper and lower case are the same. */
export function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC');
}
