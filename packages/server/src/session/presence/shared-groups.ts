// Consent by a group: two users who are both in a small one see each other. Of each pair one such group is kept, which the rows
// of the log take away, or add, in the step in which they are applied.

import type { UserId } from '@longwire/protocol';
import type { LaneListener } from '../../bus/order-gate.js';
import type { Channel, ChannelKey } from '../../channel/channel.js';
import type { LaneRow } from '../../channel/lane.js';
import type { LoadedChannel } from '../../membership/loaded-channel.js';
import type { MemberCache } from '../../membership/member-cache.js';

/** A user who watches another one. */
export interface GroupPair {
  readonly subject: { readonly user: UserId };
  readonly viewer: { readonly user: UserId };
  /** Then no group is needed. */
  readonly hasWritten: boolean;
  /** None: the pair was given up. */
  readonly watchers: ReadonlySet<unknown>;
  /** In which both are. */
  group: Channel | undefined;
}

export interface SharedGroupsParts<Pair> {
  readonly members: Pick<MemberCache, 'peek' | 'prepare'>;
  /** The pairs of which the user is one. */
  readonly pairsOf: (user: UserId) => Iterable<Pair>;
  /** One group for each user that the viewer is in as well, as it is stored. */
  readonly find: (viewer: UserId, users: readonly UserId[]) => Promise<readonly (Channel | undefined)[]>;
  /** The group of the pair has changed. */
  readonly onChanged: (pair: Pair) => void;
  readonly onFailure: (error: unknown) => void;
}

/** What is stored may be ahead of what is applied, and change while it is read: so often another group is looked for. */
const MAX_SEARCHES = 3;

export class SharedGroups<Pair extends GroupPair> implements LaneListener {
  readonly #parts: SharedGroupsParts<Pair>;
  readonly #maxMembers: number;
  readonly #pairs = new Map<ChannelKey, Set<Pair>>();

  /** @param maxMembers  of a group that counts */
  constructor(parts: SharedGroupsParts<Pair>, maxMembers: number) {
    this.#parts = parts;
    this.#maxMembers = maxMembers;
  }

  /** Takes what the store has found for each pair, where it holds by now. Reports no changes. */
  async load(pairs: readonly Pair[], found: readonly (Channel | undefined)[]): Promise<void> {
    this.#search(await this.#take(pairs, found));
  }

  /** @returns the pairs for which it does not hold */
  async #take(pairs: readonly Pair[], found: readonly (Channel | undefined)[]): Promise<readonly Pair[]> {
    const byGroup = new Map<ChannelKey, { readonly group: Channel; readonly pairs: Pair[] }>();
    for (const [index, pair] of pairs.entries()) {
      const group = found[index];
      if (group === undefined) continue;
      const known = byGroup.get(group.key) ?? { group, pairs: [] };
      byGroup.set(group.key, known);
      known.pairs.push(pair);
    }
    const failed: Pair[] = [];
    for (const { group, pairs } of byGroup.values()) {
      const loaded = await this.#load(group);
      for (const pair of pairs) if (loaded === undefined || !this.#join(pair, loaded)) failed.push(pair);
    }
    return failed;
  }

  /** Follows the gate after the members. */
  onRow({ channel, change }: LaneRow): void {
    if (channel.kind !== 'group' || change === undefined || change.members.length === 0) return;
    const joined = change.members.filter(({ left }) => left === undefined).map(({ user }) => user);
    const left = change.members.filter((member) => member.left !== undefined).map(({ user }) => user);
    const pairs = left.flatMap((user) => [...this.#parts.pairsOf(user)]);
    this.#lose([...new Set(pairs)].filter(({ group }) => group?.key === channel.key));
    const loaded = this.#parts.members.peek(channel);
    if (loaded !== undefined) {
      const wasLarge = loaded.audience.length + left.length > this.#maxMembers;
      this.#follow(loaded, joined, { wasLarge: left.length > 0 && wasLarge });
      return;
    }
    void this.#load(channel).then((late) => {
      if (late !== undefined) this.#follow(late, joined, { wasLarge: left.length > 0 });
    });
  }

  /** The pair is given up. */
  forget(pair: Pair): void {
    const { group } = pair;
    if (group === undefined) return;
    pair.group = undefined;
    const pairs = this.#pairs.get(group.key);
    pairs?.delete(pair);
    if (pairs?.size === 0) this.#pairs.delete(group.key);
  }

  /** Users have joined, or the group may be small again. */
  #follow(loaded: LoadedChannel, joined: readonly UserId[], { wasLarge }: { readonly wasLarge: boolean }): void {
    if (loaded.audience.length > this.#maxMembers) {
      this.#lose([...(this.#pairs.get(loaded.channel.key) ?? [])]);
      return;
    }
    const users = wasLarge ? loaded.audience.map(({ id }) => id) : joined;
    for (const user of users) {
      for (const pair of this.#parts.pairsOf(user)) {
        if (pair.group === undefined && this.#join(pair, loaded) && pair.group !== undefined)
          this.#parts.onChanged(pair);
      }
    }
  }

  /** False: the two are not in this group, or it is too large. */
  #join(pair: Pair, loaded: LoadedChannel): boolean {
    if (pair.hasWritten || pair.watchers.size === 0 || pair.group !== undefined) return true;
    const { channel, audience } = loaded;
    if (audience.length > this.#maxMembers) return false;
    if (loaded.member(pair.subject.user) === undefined || loaded.member(pair.viewer.user) === undefined) return false;
    pair.group = channel;
    const pairs = this.#pairs.get(channel.key) ?? new Set();
    this.#pairs.set(channel.key, pairs);
    pairs.add(pair);
    return true;
  }

  /** At once; there may be another group that both are in. */
  #lose(pairs: readonly Pair[]): void {
    for (const pair of pairs) {
      this.forget(pair);
      this.#parts.onChanged(pair);
    }
    this.#search(pairs);
  }

  #search(pairs: readonly Pair[]): void {
    if (pairs.length > 0) this.#findOthers(pairs).catch((error: unknown) => this.#parts.onFailure(error));
  }

  async #findOthers(pairs: readonly Pair[]): Promise<void> {
    let open = new Set(pairs);
    for (let search = 0; search < MAX_SEARCHES && open.size > 0; search += 1) {
      const failed = new Set<Pair>();
      for (const viewer of new Set([...open].map((pair) => pair.viewer.user))) {
        const ofViewer = [...open].filter((pair) => pair.viewer.user === viewer);
        const users = ofViewer.map(({ subject }) => subject.user);
        for (const pair of await this.#take(ofViewer, await this.#parts.find(viewer, users))) failed.add(pair);
        for (const pair of ofViewer) if (pair.group !== undefined) this.#parts.onChanged(pair);
      }
      open = failed;
    }
  }

  /** Undefined: it cannot be read, which shows no one. */
  async #load(group: Channel): Promise<LoadedChannel | undefined> {
    try {
      return await this.#parts.members.prepare(group);
    } catch (error) {
      this.#parts.onFailure(error);
      return undefined;
    }
  }
}
