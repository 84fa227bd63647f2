// The groups of the model of reading: who joined and left by which entry, and the log that their members are loaded from.

import type { UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../../src/channel/channel.js';
import { type AppliedChange, NO_RIGHTS_CHANGE, type Stay } from '../../src/channel/membership.js';
import type { RightsSource } from '../../src/membership/member-cache.js';

interface GroupChange {
  readonly seq: number;
  readonly applied: AppliedChange;
}

export class ModelGroups {
  readonly #changes = new Map<ChannelKey, GroupChange[]>();
  /** Runs once so much was applied. */
  readonly #waiting: { readonly seq: number; readonly run: () => void }[] = [];
  /** The newest row that is committed, and the newest one that is applied. */
  committed = 0;
  #applied = 0;

  /** The members change with a row that is committed; they are read as of then, whatever has been applied. */
  readonly log: RightsSource = {
    rights: async (channels) => ({
      rights: channels.map((channel) => ({
        channel,
        version: this.#changesOf(channel).at(-1)?.seq ?? 0,
        isClosed: false,
        settings: undefined,
        blocks: { low: false, high: false },
        memberCount: 0,
      })),
      through: new Map([[0, this.committed]]),
    }),
    members: async (channel) => {
      const stays = this.#newestStays(channel, this.committed);
      const members = [...stays].flatMap(([user, stay]) => (stay.left === undefined ? [{ user, ...stay }] : []));
      const version = this.#changesOf(channel).at(-1)?.seq ?? 0;
      return { members, next: undefined, version, through: new Map([[0, this.committed]]) };
    },
    pending: async () => ({ pending: [], next: undefined, through: new Map([[0, this.committed]]) }),
  };

  readonly whenApplied = (numbers: ReadonlyMap<number, number>): Promise<void> | undefined => {
    const seq = numbers.get(0)!;
    if (seq <= this.#applied) return undefined;
    return new Promise((run) => this.#waiting.push({ seq, run }));
  };

  /** Everything up to this row was applied. */
  noteApplied(seq: number): void {
    this.#applied = seq;
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      if (this.#waiting[index]!.seq <= seq) this.#waiting.splice(index, 1)[0]!.run();
    }
  }

  isMember(channel: Channel, user: UserId): boolean {
    const stay = this.#newestStays(channel, this.committed).get(user);
    return stay !== undefined && stay.left === undefined;
  }

  /** The user joins the group by the row with this offset, or leaves it if they are in it. */
  toggle(channel: Channel, user: UserId, place: { readonly seq: number; readonly offset: number }): AppliedChange {
    const { seq, offset } = place;
    const before = this.#newestStays(channel, this.committed).get(user);
    const isMember = before !== undefined && before.left === undefined;
    const stay: Stay = isMember
      ? { ...before, left: offset }
      : { joined: offset, left: undefined, role: 'member', dueFrom: offset, visibleFrom: 1 };
    const leftBefore = isMember ? undefined : before?.left;
    const applied = { ...NO_RIGHTS_CHANGE, members: [{ user, ...stay, leftBefore }], pending: [] };
    this.#changes.set(channel.key, [...this.#changesOf(channel), { seq, applied }]);
    return applied;
  }

  /** The newest stay as of what was applied. Undefined: none. */
  appliedStay(channel: Channel, user: UserId): Stay | undefined {
    return this.#newestStays(channel, this.#applied).get(user);
  }

  /** All offsets in which the user was in the group, up to `head`, and those of the newest stay. */
  due(channel: Channel, user: UserId, head: number): { readonly all: Set<number>; readonly newest: Set<number> } {
    const all = new Set<number>();
    let newest = new Set<number>();
    const stays = new Map<number, Stay>();
    for (const { applied } of this.#changesOf(channel)) {
      for (const member of applied.members) if (member.user === user) stays.set(member.joined, member);
    }
    for (const { dueFrom, left = head } of stays.values()) {
      newest = new Set(Array.from({ length: left - dueFrom + 1 }, (_, index) => dueFrom + index));
      for (const offset of newest) all.add(offset);
    }
    return { all, newest };
  }

  #changesOf({ key }: Channel): GroupChange[] {
    return this.#changes.get(key) ?? [];
  }

  #newestStays(channel: Channel, through: number): Map<UserId, Stay> {
    const stays = new Map<UserId, Stay>();
    for (const { seq, applied } of this.#changesOf(channel)) {
      if (seq > through) break;
      for (const { user, joined, left, role, dueFrom, visibleFrom } of applied.members) {
        stays.set(user, { joined, left, role, dueFrom, visibleFrom });
      }
    }
    return stays;
  }
}
