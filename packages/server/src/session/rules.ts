// The rules that commands reach, made of the parts below them.

import type { Bus } from '../bus/bus.js';
import type { ServerConfig } from '../config/server-config.js';
import type { LocalUsers } from '../membership/local-users.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { AppendQueue } from '../messaging/append-queue.js';
import { BlockLookup } from '../messaging/block-lookup.js';
import { Blocks } from '../messaging/blocks.js';
import type { ChannelList } from '../messaging/channel-list.js';
import type { ChannelPreferences } from '../messaging/channel-preferences.js';
import type { CommittedHeads } from '../messaging/committed-heads.js';
import type { CursorCache } from '../messaging/cursor-cache.js';
import { GroupAccess } from '../messaging/group-access.js';
import { GroupChanges } from '../messaging/group-changes.js';
import type { GroupInvitations } from '../messaging/group-invitations.js';
import { GroupMembers } from '../messaging/group-members.js';
import { GroupReceipts } from '../messaging/group-receipts.js';
import { History } from '../messaging/history.js';
import { KeySearches } from '../messaging/key-searches.js';
import { MessageSender } from '../messaging/message-sender.js';
import { Positions } from '../messaging/positions.js';
import type { ReceiptPrivacy } from '../messaging/receipt-privacy.js';
import { SignalSender } from '../messaging/signal-sender.js';
import { SingleReads } from '../messaging/single-reads.js';
import type { StoreTurns } from '../messaging/store-turns.js';
import { UserProfiles } from '../messaging/user-profiles.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import type { Store } from '../storage/store.js';
import type { Presence } from './presence/presence.js';
import type { UserSettingsRule } from './user-settings.js';

/** The rules a command can reach. */
export interface Rules {
  readonly sender: MessageSender;
  readonly positions: Positions;
  readonly singleReads: SingleReads;
  readonly history: History;
  readonly channels: ChannelList;
  readonly signals: SignalSender;
  readonly groups: GroupChanges;
  readonly groupMembers: GroupMembers;
  readonly groupInvitations: GroupInvitations;
  readonly groupReceipts: GroupReceipts;
  readonly profiles: UserProfiles;
  readonly search: { readonly profiles: UserProfiles; readonly isAllowed: boolean };
  /** A name or picture could not be stored. */
  readonly onProfileFailure: (error: unknown) => void;
  readonly presence: Presence;
  readonly settings: UserSettingsRule;
  readonly blocks: Blocks;
  /** What a command of groups depends on could not be read. */
  readonly onGroupFailure: (error: unknown) => void;
  readonly preferences: ChannelPreferences;
  /** A page of history or channels could not be read. */
  readonly onPageFailure: (error: unknown) => void;
}

export interface RulesParts {
  readonly store: Pick<Store, 'log' | 'directory' | 'cursors' | 'userStates' | 'profiles'>;
  readonly turns: StoreTurns;
  readonly queue: AppendQueue;
  readonly members: MemberCache;
  readonly users: LocalUsers<unknown>;
  readonly heads: CommittedHeads;
  readonly cursors: CursorCache;
  readonly privacy: ReceiptPrivacy;
  readonly channels: ChannelList;
  readonly groupInvitations: GroupInvitations;
  readonly presence: Presence;
  readonly settings: UserSettingsRule;
  readonly preferences: ChannelPreferences;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Whether the disk has room for new messages. */
  readonly hasRoom: () => boolean;
  readonly refusals: RefusalCounter;
  /**
   * Makes a listener for what could not be read.
   * @param message  what it was
   */
  readonly unread: (message: string) => (error: unknown) => void;
}

export function createRules(
  parts: RulesParts,
  { limits, groups, receipts, users: userSettings }: Pick<ServerConfig, 'limits' | 'groups' | 'receipts' | 'users'>,
): Rules {
  const {
    store,
    turns,
    queue,
    members,
    users,
    heads,
    cursors,
    channels,
    presence,
    settings,
    bus,
    clock,
    hasRoom,
    refusals,
    unread,
  } = parts;
  const { log, directory, userStates: states } = store;
  const profiles = new UserProfiles({ profiles: store.profiles, log, turns, bus });
  return {
    sender: new MessageSender({
      queue,
      searches: new KeySearches(log, turns),
      members,
      cursors,
      clock,
      hasRoom,
      refusals,
      onFailure: unread('What a send depends on could not be read'),
    }),
    positions: new Positions(heads, cursors, new GroupAccess(members, log, turns)),
    singleReads: new SingleReads({ cursors, stored: store.cursors, heads, turns, bus }),
    history: new History({ log, directory, heads, turns }),
    channels,
    signals: new SignalSender({ heads, members, bus, clock, refusals }, limits),
    groups: new GroupChanges(
      {
        queue,
        members,
        users,
        cursors,
        states,
        blocks: new BlockLookup(log, turns),
        turns,
        clock,
        hasRoom,
        refusals,
      },
      groups,
    ),
    groupMembers: new GroupMembers({ members, log, profiles: store.profiles, turns }),
    groupInvitations: parts.groupInvitations,
    groupReceipts: new GroupReceipts(
      { members, heads, cursors, privacy: parts.privacy, source: { directory, turns } },
      receipts.maxMembers,
    ),
    profiles,
    search: { profiles, isAllowed: userSettings.searchable },
    onProfileFailure: unread('The name or picture of a user could not be stored'),
    blocks: new Blocks(
      {
        log,
        turns,
        queue,
        members,
        clock,
        refusals,
        onFailure: unread('What a block depends on could not be read'),
      },
      limits.blocksPerUser,
    ),
    presence,
    settings,
    onGroupFailure: unread('A group could not be read'),
    preferences: parts.preferences,
    onPageFailure: unread('A page could not be read'),
  };
}
