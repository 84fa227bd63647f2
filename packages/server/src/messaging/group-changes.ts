// Changes of groups: each is judged by the rights that are loaded, stored as an entry that depends on their version, and
// judged again if they have changed before.

import { findHiddenCharacter, type GroupOutcome, type UserId } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';
import { type EntryContent, emptyContent } from '../channel/entry.js';
import { groupSettingsFrom } from '../channel/group-settings.js';
import { NO_RIGHTS_CHANGE, type RightsChange } from '../channel/membership.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { LocalUsers } from '../membership/local-users.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { Clock } from '../runtime/clock.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';
import { MAX_STATES_PER_CALL, type UserStates } from '../storage/user-states.js';
import type { AppendQueue, SettledAppend } from './append-queue.js';
import type { BlockLookup } from './block-lookup.js';
import type { CursorCache } from './cursor-cache.js';
import { judgeGroupChange } from './rules/group-change-rule.js';
import type { GroupAction, GroupChange, GroupLimits, GroupState } from './rules/group-judgement.js';
import type { RuleRefusal } from './rules/rule-refusal.js';
import { notNow, quotaKinds, type SendOutcome, sendOutcome } from './send-outcome.js';
import type { StoreTurns } from './store-turns.js';

export interface GroupRequest {
  readonly channel: GroupChannel;
  /** Who wants the change. */
  readonly actor: UserId;
  readonly action: GroupAction;
  /** Idempotency key of the entry. */
  readonly key: string | undefined;
}

export type GroupResult =
  | { readonly ok: true; readonly outcome: GroupOutcome }
  | Extract<SendOutcome, { readonly ok: false }>;

export interface GroupChangesParts {
  readonly queue: AppendQueue;
  readonly members: MemberCache;
  readonly users: Pick<LocalUsers<unknown>, 'readersOf'>;
  readonly cursors: Pick<CursorCache, 'load'>;
  readonly states: Pick<UserStates, 'haveWritten'>;
  readonly blocks: Pick<BlockLookup, 'blockersOf'>;
  readonly turns: StoreTurns;
  readonly clock: Clock;
  /** Whether the disk has room for new entries. */
  readonly hasRoom: () => boolean;
  readonly refusals: RefusalCounter;
}

/** How often a change is judged, by other rights each time. */
const MAX_JUDGEMENTS = 8;

export class GroupChanges {
  readonly #parts: GroupChangesParts;
  readonly #limits: GroupLimits;

  constructor(parts: GroupChangesParts, limits: GroupLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  /**
   * Resolves when the change survives a power cut and was fanned out, or was refused.
   * @throws (rejects) what the rights of the group, or what its users have written, cannot be read with
   */
  async change(request: GroupRequest): Promise<GroupResult> {
    const { channel } = request;
    await this.#loadCursors(request);
    for (let judgements = 0; judgements < MAX_JUDGEMENTS; ) {
      const rights = await this.#parts.members.prepare(channel);
      const result = await this.#tryOnce(request, rights);
      if (result === 'part') judgements = 0;
      else if (result === 'stale') judgements += 1;
      else return result;
    }
    return failed(notNow('the group changes too often; try again'));
  }

  /** Which of the users have written to another one, and do not block them: that one may therefore add them to a group. */
  async consenting(user: UserId, users: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const { states, blocks, turns } = this.#parts;
    const consenting = new Set<UserId>();
    for (let start = 0; start < users.length; start += MAX_STATES_PER_CALL) {
      const part = users.slice(start, start + MAX_STATES_PER_CALL);
      const written = await turns.run(user, () => states.haveWritten(part.map((from) => ({ from, to: user }))));
      part.forEach((each, index) => {
        if (written[index] === true) consenting.add(each);
      });
    }
    for (const blocker of await blocks.blockersOf(user, [...consenting])) consenting.delete(blocker);
    return consenting;
  }

  /** One judgement, and its append in the same step. */
  async #tryOnce(request: GroupRequest, rights: LoadedChannel): Promise<GroupResult | 'stale' | 'part'> {
    const { action, actor, key } = request;
    const judgement = judgeGroupChange(action, actor, stateOf(rights), this.#limits);
    if (judgement.verdict === 'nothing') return { ok: true, outcome: judgement.outcome };
    if (judgement.verdict === 'refused') {
      // The repeat of something stored is never refused: the log looks its key up.
      const isRepeated =
        key !== undefined && (await this.#append(request, rights, REPEAT, true))?.outcome === 'repeated';
      return isRepeated ? this.#repeated(request) : this.#refuse(judgement.refusal);
    }
    const { change } = judgement;
    // The key is that of the last entry: by it a repetition is recognised as done.
    const keyed = change.isPart ? { ...request, key: undefined } : request;
    const settled = await this.#append(keyed, rights, change, !this.#parts.hasRoom());
    switch (settled?.outcome) {
      case 'stored':
      case 'controlled':
        return change.isPart ? 'part' : { ok: true, outcome: change.outcome };
      case 'repeated':
        return this.#repeated(request);
      case 'stale':
        return 'stale';
      default:
        return failed(this.#failureOf(settled, request, change));
    }
  }

  #append(
    { channel, actor, key }: GroupRequest,
    rights: LoadedChannel,
    { kind, body, change }: Pick<GroupChange, 'kind' | 'body' | 'change'>,
    isRefused: boolean,
  ): Promise<SettledAppend | undefined> {
    const { queue, members, clock } = this.#parts;
    const mustExist = newUsersOf(change).filter((user) => findHiddenCharacter(user) !== undefined);
    return new Promise((resolve) => {
      const isQueued = queue.add({
        request: {
          channel,
          content: kind && contentOf(kind, actor, body, key),
          at: clock.now(),
          since: undefined,
          guard: { rightsVersion: rights.version, isRefused },
          change,
          mustExist,
        },
        origin: undefined,
        echo: true,
        onSettled: (settled) => {
          members.unpin(rights);
          resolve(settled);
        },
      });
      if (isQueued) members.pin(rights);
      else resolve(undefined);
    });
  }

  /** So that who comes back is shown how far they have read. */
  async #loadCursors({ channel, actor, action }: GroupRequest): Promise<void> {
    const { users, cursors } = this.#parts;
    const online = joiningBy(action, actor).filter((user) => users.readersOf(user) !== undefined);
    await Promise.all(online.map((user) => cursors.load(user, channel)));
  }

  #repeated({ channel, action }: GroupRequest): GroupResult {
    const group = action.type === 'create' ? channel.group : undefined;
    return { ok: true, outcome: { group, repeated: true } };
  }

  #refuse({ code, message, counted }: RuleRefusal): GroupResult {
    this.#parts.refusals.count(counted);
    return { ok: false, code, message, afterMs: undefined };
  }

  /** @param settled  undefined: too much waits for the disk */
  #failureOf(settled: SettledAppend | undefined, { channel }: GroupRequest, { change }: GroupChange): SendOutcome {
    const { refusals } = this.#parts;
    if (settled === undefined) {
      refusals.count('limits.pendingAppendBytes');
      return notNow('too much waits for the disk; try again');
    }
    if (settled.outcome === 'quota') refusals.count(quotaKinds[settled.quota]);
    if (settled.outcome === 'refused') refusals.count('limits.minFreeBytes');
    if (settled.outcome === 'unknown-user') {
      refusals.count('hiddenCharacter');
      const hidden = newUsersOf(change)
        .map(findHiddenCharacter)
        .find((found) => found !== undefined);
      const message = `users: expected ids of users who are known, or without hidden characters, got one with ${hidden}`;
      return { ok: false, code: 'invalid_field', message, afterMs: undefined };
    }
    return sendOutcome(settled, channel, undefined);
  }
}

/** Changes nothing: its key is looked up, and it is refused. */
const REPEAT: Pick<GroupChange, 'kind' | 'body' | 'change'> = Object.freeze({
  kind: 'group',
  body: {},
  change: NO_RIGHTS_CHANGE,
});

/** Users who may join by an action. */
function joiningBy(action: GroupAction, actor: UserId): readonly UserId[] {
  switch (action.type) {
    case 'add':
      return action.users.wanted;
    case 'join':
      return [actor];
    case 'accept':
      return [action.user ?? actor];
    default:
      return [];
  }
}

/** Users who would be members or invited. */
function newUsersOf({ members, pending }: RightsChange): UserId[] {
  const joining = members.filter(({ type }) => type === 'join');
  return [...joining, ...pending.filter(({ state }) => state !== undefined)].map(({ user }) => user);
}

function stateOf(rights: LoadedChannel): GroupState {
  const isTaken = rights.version > 0;
  return {
    exists: isTaken && !rights.isClosed,
    isTaken,
    settings: groupSettingsFrom(rights.settings),
    memberCount: rights.audience.length,
    pendingCount: rights.pending.size,
    roleOf: (user) => rights.member(user)?.role,
    members: () => idsOf(rights),
    pendingStateOf: (user) => rights.pending.get(user)?.state,
    pendingUsers: () => rights.pending.keys(),
  };
}

function* idsOf({ audience }: LoadedChannel): Iterable<UserId> {
  for (const { id } of audience) yield id;
}

function contentOf(kind: string, from: UserId, body: object, key: string | undefined): EntryContent {
  return { ...emptyContent, kind, from, by: undefined, body: JSON.stringify(body), key };
}

function failed(outcome: SendOutcome): GroupResult {
  if (outcome.ok) throw new TypeError('expected an outcome that is none of a stored entry');
  return outcome;
}
