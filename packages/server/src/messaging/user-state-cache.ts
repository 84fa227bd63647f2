// When users were last seen and what they show, in memory: written every few seconds, looked up here first.

import type { UserId, UserSettings } from '@longwire/protocol';
import { GenerationCache } from '../runtime/generation-cache.js';
import { MAX_STATES_PER_CALL, type UserState, type UserStates } from '../storage/user-states.js';
import type { StoreTurns } from './store-turns.js';

/** States remembered, at least. */
const CACHED_STATES = 65_536;

export interface UserStateCacheParts {
  readonly states: UserStates;
  readonly turns: StoreTurns;
  readonly onFailure: (error: unknown) => void;
}

export class UserStateCache {
  readonly #parts: UserStateCacheParts;
  readonly #known = new GenerationCache<UserId, UserState>(CACHED_STATES);
  /** Seen and not on disk yet. */
  readonly #unwritten = new Map<UserId, number>();
  /** Changes of settings, one after the other for each user. */
  readonly #changes = new Map<UserId, Promise<UserSettings>>();
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: UserStateCacheParts) {
    this.#parts = parts;
  }

  /**
   * In the order asked. What is not in memory is asked of the store in slices, each in the turn of `onBehalfOf`.
   * @throws (rejects) what the store rejects with
   */
  async loadAll(onBehalfOf: UserId, users: readonly UserId[]): Promise<readonly UserState[]> {
    const missing = users.filter((user) => this.#known.get(user) === undefined);
    const loaded = new Map<UserId, UserState>();
    for (let start = 0; start < missing.length; start += MAX_STATES_PER_CALL) {
      const slice = missing.slice(start, start + MAX_STATES_PER_CALL);
      const states = await this.#parts.turns.run(onBehalfOf, () => this.#parts.states.load(slice));
      for (const state of states) loaded.set(state.user, this.#remember(state));
    }
    return users.map((user) => this.#known.get(user) ?? loaded.get(user)!);
  }

  /** Undefined if the store would have to be asked. */
  peek(user: UserId): UserState | undefined {
    return this.#known.get(user);
  }

  /** The last session of the user has ended. On disk with the next `flush`. */
  seen(user: UserId, at: number): void {
    const seenAt = Math.max(at, this.#unwritten.get(user) ?? 0);
    this.#unwritten.set(user, seenAt);
    const known = this.#known.get(user);
    if (known !== undefined) this.#known.set(user, { ...known, lastSeenAt: Math.max(seenAt, known.lastSeenAt ?? 0) });
  }

  /**
   * Changes the settings that are given. Resolves with all of them, once they survive a power cut.
   * @throws (rejects) what the store rejects with
   */
  change(user: UserId, changed: Partial<UserSettings>): Promise<UserSettings> {
    const before = this.#changes.get(user) ?? Promise.resolve();
    const change = before.then(
      () => this.#change(user, changed),
      () => this.#change(user, changed),
    );
    this.#changes.set(user, change);
    const end = () => {
      if (this.#changes.get(user) === change) this.#changes.delete(user);
    };
    change.then(end, end);
    return change;
  }

  /** Writes who was seen. Resolves when all of it, and what an earlier call began, is on disk, or could not be written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #change(user: UserId, changed: Partial<UserSettings>): Promise<UserSettings> {
    const [state] = await this.loadAll(user, [user]);
    const settings = { ...state!.settings, ...changed };
    const { states, turns } = this.#parts;
    await turns.run(user, () => states.write([{ user, lastSeenAt: undefined, settings }]));
    const { lastSeenAt } = this.#known.get(user) ?? state!;
    this.#known.set(user, { user, lastSeenAt, settings });
    return settings;
  }

  /** What was read may be older than what is known here by now. */
  #remember(stored: UserState): UserState {
    const known = this.#known.get(stored.user);
    if (known !== undefined) return known;
    const seenAt = this.#unwritten.get(stored.user);
    const state = seenAt === undefined ? stored : { ...stored, lastSeenAt: Math.max(seenAt, stored.lastSeenAt ?? 0) };
    this.#known.set(stored.user, state);
    return state;
  }

  async #write(): Promise<void> {
    const unwritten = [...this.#unwritten];
    for (let start = 0; start < unwritten.length; start += MAX_STATES_PER_CALL) {
      const slice = unwritten.slice(start, start + MAX_STATES_PER_CALL);
      const batch = slice.map(([user, lastSeenAt]) => ({ user, lastSeenAt, settings: undefined }));
      try {
        await this.#parts.states.write(batch);
      } catch (error) {
        this.#parts.onFailure(error);
        return;
      }
      for (const [user, seenAt] of slice) if (this.#unwritten.get(user) === seenAt) this.#unwritten.delete(user);
    }
  }
}
