// How far devices acknowledged and users read: coalesced in memory, written every few seconds, looked up here first.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { Clock } from '../runtime/clock.js';
import { PairMap } from '../runtime/pair-map.js';
import type { Cursors, CursorWrite, StoredCursors } from '../storage/cursors.js';
import type { StoreTurns } from './store-turns.js';

/** Between two writes; a crash may set cursors back that far, never forward. */
export const CURSOR_WRITE_INTERVAL_MS = 5_000;
/** Clean cursors kept for look-ups; those of the longest known users go first. */
const MAX_KEPT = 100_000;
/** What one write takes at most. */
const MAX_WRITE_BATCH = 1_000;
/** What one load takes at most: each is one call, in the turn of its user. */
const MAX_LOAD_BATCH = 100;

interface CursorState {
  readonly user: UserId;
  readonly channel: Channel;
  read: number;
  delivered: number;
  /** The newest run of the user's own entries that was seen being stored, both inclusive; 0: none. */
  ownFrom: number;
  ownTo: number;
  /** Acknowledged and not on disk yet, per device. */
  devices: Map<DeviceId, number> | undefined;
  isReadDirty: boolean;
  isDeliveredDirty: boolean;
  /** Written before it was loaded: what is loaded then may hold the move already. */
  isWrittenUnloaded: boolean;
  /** Waiting for the stored state; undefined once it is known. Until then `read` and `delivered` may be lower than stored. */
  whenLoaded: (() => void)[] | undefined;
}

/** A cursor of a user moved forward in a channel. */
export type CursorMoved = (
  user: UserId,
  channel: Channel,
  moved: { delivered: number | undefined; read: number | undefined },
) => void;

export interface CursorCachePorts {
  readonly cursors: Cursors;
  readonly turns: StoreTurns;
  readonly clock: Clock;
  readonly onMoved: CursorMoved;
  readonly onFailure: (error: unknown) => void;
}

export class CursorCache {
  readonly #cursors: Cursors;
  readonly #turns: StoreTurns;
  readonly #clock: Clock;
  readonly #onMoved: CursorMoved;
  readonly #onFailure: (error: unknown) => void;
  readonly #states = new PairMap<UserId, ChannelKey, CursorState>();
  readonly #dirty = new Set<CursorState>();
  #toLoad: CursorState[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor({ cursors, turns, clock, onMoved, onFailure }: CursorCachePorts) {
    this.#cursors = cursors;
    this.#turns = turns;
    this.#clock = clock;
    this.#onMoved = onMoved;
    this.#onFailure = onFailure;
  }

  /** The device has everything up to `offset`. A lower offset than before moves nothing. */
  acknowledge(user: UserId, device: DeviceId, channel: Channel, offset: number): void {
    const state = this.#stateOf(user, channel);
    this.#moveDevice(state, device, offset);
    if (offset <= state.delivered) return;
    state.delivered = offset;
    state.isDeliveredDirty = true;
    this.#dirty.add(state);
    if (state.whenLoaded === undefined) this.#onMoved(user, channel, { delivered: offset, read: undefined });
  }

  /** A new device begins after what the user has read, which was not written yet when the device was stored. */
  beginDevice(user: UserId, device: DeviceId, channel: Channel, read: number): void {
    this.#moveDevice(this.#stateOf(user, channel), device, read);
  }

  /** The user has read everything up to `offset`. A lower offset than before moves nothing. */
  read(user: UserId, channel: Channel, offset: number): void {
    this.#moveRead(this.#stateOf(user, channel), offset);
  }

  /**
   * Sending moves the sender's read cursor, if everything below was read; one's own entries count as read. So an entry
   * that comes too early for that is remembered with its neighbours, and reading up to them moves on over them.
   */
  readOwn(user: UserId, channel: Channel, offset: number): void {
    this.#whenLoaded(user, channel, (state) => {
      if (offset <= state.ownTo) return;
      if (offset !== state.ownTo + 1 || state.ownTo === 0) state.ownFrom = offset;
      state.ownTo = offset;
      if (state.read >= state.ownFrom - 1) this.#moveRead(state, offset);
    });
  }

  /** What is known here without asking the store, to be compared with what is stored: the higher one counts. */
  peek(user: UserId, channel: Channel): { readonly read: number; readonly delivered: number } | undefined {
    return this.#states.get(user, channel.key);
  }

  /** A device's acknowledgement that is not written yet. */
  peekDevice(user: UserId, device: DeviceId, channel: Channel): number | undefined {
    return this.#states.get(user, channel.key)?.devices?.get(device);
  }

  /** The state of a user in a channel, from memory or from the store. */
  load(user: UserId, channel: Channel): Promise<{ readonly read: number; readonly delivered: number }> {
    return new Promise((resolve) => {
      this.#whenLoaded(user, channel, (state) => resolve({ read: state.read, delivered: state.delivered }));
    });
  }

  /** Writes what is dirty. Resolves when all of it, and what an earlier call began, is on disk. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const states = [...this.#dirty];
    this.#dirty.clear();
    for (let start = 0; start < states.length; start += MAX_WRITE_BATCH) {
      const part = states.slice(start, start + MAX_WRITE_BATCH);
      const batch = part.map(takeDirty);
      try {
        await this.#cursors.write(batch, this.#clock.now());
        part.forEach((state, index) => {
          forgetWritten(state, batch[index]!);
        });
      } catch (error) {
        this.#onFailure(error);
        part.forEach((state, index) => {
          this.#putBack(state, batch[index]!);
        });
      }
    }
    this.#evict();
  }

  #putBack(state: CursorState, write: CursorWrite): void {
    state.isReadDirty ||= write.read !== undefined;
    state.isDeliveredDirty ||= write.delivered !== undefined;
    this.#dirty.add(state);
  }

  #moveDevice(state: CursorState, device: DeviceId, offset: number): void {
    state.devices ??= new Map();
    if (offset <= (state.devices.get(device) ?? 0)) return;
    state.devices.set(device, offset);
    this.#dirty.add(state);
  }

  #moveRead(state: CursorState, offset: number): void {
    const isAtOwn = offset >= state.ownFrom - 1 && offset < state.ownTo;
    const reached = isAtOwn ? state.ownTo : offset;
    if (reached <= state.read) return;
    state.read = reached;
    state.isReadDirty = true;
    this.#dirty.add(state);
    if (state.whenLoaded !== undefined) return;
    this.#onMoved(state.user, state.channel, { delivered: undefined, read: reached });
  }

  /** The state as it is known here, which may be less than what is stored until it was loaded. */
  #stateOf(user: UserId, channel: Channel): CursorState {
    const known = this.#states.get(user, channel.key);
    if (known !== undefined) return known;
    const state = newState(user, channel);
    this.#states.set(user, channel.key, state);
    if (this.#toLoad.length === 0) setImmediate(() => this.#loadGathered());
    this.#toLoad.push(state);
    return state;
  }

  /** Runs `use` at once if the state is loaded, else once it is; calls for one state keep their order. */
  #whenLoaded(user: UserId, channel: Channel, use: (state: CursorState) => void): void {
    const state = this.#stateOf(user, channel);
    if (state.whenLoaded === undefined) use(state);
    else state.whenLoaded.push(() => use(state));
  }

  #loadGathered(): void {
    const states = this.#toLoad;
    this.#toLoad = [];
    const byUser = new Map<UserId, CursorState[]>();
    for (const state of states) {
      const own = byUser.get(state.user);
      if (own === undefined) byUser.set(state.user, [state]);
      else own.push(state);
    }
    for (const [user, own] of byUser) {
      for (let start = 0; start < own.length; start += MAX_LOAD_BATCH) {
        void this.#load(user, own.slice(start, start + MAX_LOAD_BATCH));
      }
    }
  }

  async #load(user: UserId, states: readonly CursorState[]): Promise<void> {
    try {
      const wanted = states.map(({ channel }) => ({ user, channel }));
      const stored = await this.#turns.run(user, () => this.#cursors.load(wanted));
      states.forEach((state, index) => {
        this.#mergeStored(state, stored[index]!);
      });
    } catch (error) {
      // The engine writes monotonically: not knowing the stored state costs a receipt, nothing more.
      this.#onFailure(error);
    }
    for (const state of states) {
      const waiting = state.whenLoaded ?? [];
      state.whenLoaded = undefined;
      for (const use of waiting) use();
    }
  }

  /** What moved meanwhile was accepted and may be written already; only now it is known whether it is news to others. */
  #mergeStored(state: CursorState, stored: StoredCursors): void {
    const isNews = (moved: number, before: number) => moved > before || (moved > 0 && state.isWrittenUnloaded);
    const delivered = isNews(state.delivered, stored.delivered) ? state.delivered : undefined;
    const read = isNews(state.read, stored.read) ? state.read : undefined;
    state.delivered = Math.max(state.delivered, stored.delivered);
    state.read = Math.max(state.read, stored.read);
    if (delivered !== undefined || read !== undefined) this.#onMoved(state.user, state.channel, { delivered, read });
  }

  #evict(): void {
    if (this.#states.size <= MAX_KEPT) return;
    for (const state of this.#states.values()) {
      if (!this.#dirty.has(state) && state.whenLoaded === undefined) this.#states.delete(state.user, state.channel.key);
      if (this.#states.size <= MAX_KEPT) return;
    }
  }
}

function newState(user: UserId, channel: Channel): CursorState {
  return {
    user,
    channel,
    read: 0,
    delivered: 0,
    ownFrom: 0,
    ownTo: 0,
    devices: undefined,
    isReadDirty: false,
    isDeliveredDirty: false,
    isWrittenUnloaded: false,
    whenLoaded: [],
  };
}

function takeDirty(state: CursorState): CursorWrite {
  const write: CursorWrite = {
    user: state.user,
    channel: state.channel,
    read: state.isReadDirty ? state.read : undefined,
    delivered: state.isDeliveredDirty ? state.delivered : undefined,
    // A copy: look-ups see what is being written until it is on disk.
    devices: state.devices === undefined ? NO_DEVICES : new Map(state.devices),
  };
  state.isReadDirty = false;
  state.isDeliveredDirty = false;
  state.isWrittenUnloaded ||= state.whenLoaded !== undefined;
  return write;
}

function forgetWritten(state: CursorState, write: CursorWrite): void {
  for (const [device, offset] of write.devices) {
    if (state.devices?.get(device) === offset) state.devices.delete(device);
  }
  if (state.devices?.size === 0) state.devices = undefined;
}

const NO_DEVICES: ReadonlyMap<DeviceId, number> = new Map();
