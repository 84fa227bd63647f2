// The rule of `group.invitations`: the groups that a user is invited to, for the user alone, without those of users whom
// they block.

import type { UserId } from '@longwire/protocol';
import type { Channel, GroupChannel } from '../channel/channel.js';
import { groupSettingsFrom } from '../channel/group-settings.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { MessageLog, PendingPlace, PendingPlaces } from '../storage/message-log.js';
import { BlockLookup } from './block-lookup.js';
import type { StoreTurns } from './store-turns.js';

/** An invitation as its user sees it. */
export interface ShownInvitation {
  readonly channel: GroupChannel;
  /** Who invites. */
  readonly by: UserId;
  readonly at: number;
  readonly title: string | undefined;
  readonly picture: string | undefined;
}

export interface InvitationPage {
  /** Ascending by the bytes of the ids of the groups. */
  readonly invitations: readonly ShownInvitation[];
  readonly more: boolean;
}

interface GroupPlace extends PendingPlace {
  readonly channel: GroupChannel;
}

/** Each is one call, in the turn of the user. */
const PLACES_PER_CALL = 100;

export class GroupInvitations {
  readonly #members: Pick<MemberCache, 'prepare'>;
  readonly #log: Pick<MessageLog, 'pendingOf' | 'rights'>;
  readonly #turns: StoreTurns;
  readonly #blocks: BlockLookup;

  constructor(members: Pick<MemberCache, 'prepare'>, log: Pick<MessageLog, 'pendingOf' | 'rights'>, turns: StoreTurns) {
    this.#members = members;
    this.#log = log;
    this.#turns = turns;
    this.#blocks = new BlockLookup(log, turns);
  }

  /** @throws (rejects) what the invitations cannot be read with */
  async page(user: UserId, after: GroupChannel | undefined, limit: number): Promise<InvitationPage> {
    const found: ShownInvitation[] = [];
    let from: Channel | undefined = after;
    do {
      const { places, next }: PendingPlaces = await this.#placesOf(user, from);
      found.push(...(await this.#shownAmong(user, places.filter(isInvitation))));
      from = next;
    } while (from !== undefined && found.length <= limit);
    return { invitations: found.slice(0, limit), more: found.length > limit };
  }

  /**
   * The present invitation of a user to one group.
   * @returns `hidden`: by a user whom they block; undefined: there is none
   * @throws (rejects) what the group cannot be read with
   */
  async of(user: UserId, channel: GroupChannel): Promise<ShownInvitation | 'hidden' | undefined> {
    for (;;) {
      const group = await this.#members.prepare(channel);
      const pending = group.pending.get(user);
      if (pending?.state !== 'invited') return undefined;
      const { by, at } = pending;
      const blocked = await this.#blocks.blockedBy(user, [by]);
      // It may have ended meanwhile.
      if (group.pending.get(user) !== pending) continue;
      if (blocked.has(by)) return 'hidden';
      const { title, picture } = groupSettingsFrom(group.settings);
      return { channel, by, at, title, picture };
    }
  }

  #placesOf(user: UserId, after: Channel | undefined): Promise<PendingPlaces> {
    return this.#turns.run(user, () => this.#log.pendingOf(user, after, PLACES_PER_CALL));
  }

  async #shownAmong(user: UserId, places: readonly GroupPlace[]): Promise<ShownInvitation[]> {
    if (places.length === 0) return [];
    const inviters = places.map(({ by }) => by);
    const blocked = await this.#blocks.blockedBy(user, inviters);
    const shown = places.filter(({ by }) => !blocked.has(by));
    if (shown.length === 0) return [];
    const channels = shown.map(({ channel }) => channel);
    const { rights } = await this.#turns.run(user, () => this.#log.rights(channels));
    return shown.map(({ channel, by, at }, index) => {
      const group = rights[index]!;
      const { title, picture } = groupSettingsFrom(group === 'damaged' ? undefined : group.settings);
      return { channel, by, at, title, picture };
    });
  }
}

function isInvitation(place: PendingPlace): place is GroupPlace {
  return place.state === 'invited' && place.channel.kind === 'group';
}
