// The groups that the user is invited to.

import type { InvitationChange, InvitationsPage } from '@longwire/client';

export type Invitation = Pick<InvitationsPage['invitations'][number], 'by' | 'title'>;

export class Invitations {
  #byGroup = new Map<string, Invitation>();

  /** Ids of groups, with who invites. */
  [Symbol.iterator](): IterableIterator<[string, Invitation]> {
    return this.#byGroup.entries();
  }

  get count(): number {
    return this.#byGroup.size;
  }

  /** The list of the server. */
  takeList({ invitations }: InvitationsPage): void {
    this.#byGroup = new Map(invitations.map((invitation) => [invitation.group, invitation]));
  }

  take(change: InvitationChange): void {
    if (change.ended === true) this.#byGroup.delete(change.group);
    else this.#byGroup.set(change.group, change);
  }
}
