// From an admitted session to one that stands in the hub: its device, and where it is in each of its channels.

import {
  type ConnectCommand,
  type DeviceId,
  fieldLimits,
  findHiddenCharacter,
  type Position,
  type UserId,
} from '@longwire/protocol';
import { addressOf } from '../channel/channel-address.js';
import type { ProfileChange } from '../channel/profile.js';
import type { Hub } from '../delivery/hub.js';
import { type StartPosition, startPosition } from '../delivery/start-position.js';
import { ServerError } from '../errors.js';
import type { ChannelList, ChannelListPage } from '../messaging/channel-list.js';
import { type ChannelSource, channelSlices, NewestChannels } from '../messaging/channel-slices.js';
import type { CursorCache } from '../messaging/cursor-cache.js';
import type { UserProfiles } from '../messaging/user-profiles.js';
import type { Clock } from '../runtime/clock.js';
import type { ChannelStatus, DeviceRefusal, DeviceState, UnfinishedDevice } from '../storage/directory.js';
import type { ActiveUsers } from './active-users.js';
import type { ClientSession } from './client-session.js';

export interface OpenedSession {
  readonly device: 'known' | 'new';
  readonly list: ChannelListPage;
  /** Addresses among the given cursors that are no channels of this user. */
  readonly ignored: readonly string[];
}

export interface SessionOpenerParts extends ChannelSource {
  readonly hub: Hub;
  readonly cursors: CursorCache;
  readonly channels: ChannelList;
  readonly users: Pick<ActiveUsers, 'sessionsOf'>;
  readonly profiles: Pick<UserProfiles, 'stored'>;
  readonly clock: Clock;
}

export interface SessionOpenerOptions {
  readonly newDeviceBacklog: number;
}

/** A device as a session finds it. */
interface OpenedDevice {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly state: DeviceState;
  /** False: the disk is full, and what a new device begins with could not be written down. */
  readonly isStored: boolean;
}

export class SessionOpener {
  readonly #parts: SessionOpenerParts;
  readonly #options: SessionOpenerOptions;
  /** Sessions whose devices are still to be stored, once there is room, with how their users are shown. */
  readonly #unstored = new Map<ClientSession, ProfileChange | undefined>();

  constructor(parts: SessionOpenerParts, options: SessionOpenerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Brings an admitted session into the hub and compares all its channels. When this resolves, the session stands in the hub in
   * phase opening: the caller queues `connected` and then finishes opening, in one step.
   * @param profile  how the user is shown from now on, to be stored with the device
   * @returns undefined if the session ended meanwhile, or why its device is refused: the rest was not done
   */
  async open(
    session: ClientSession,
    command: ConnectCommand,
    profile: ProfileChange | undefined,
  ): Promise<OpenedSession | DeviceRefusal | undefined> {
    const device = await this.#openDevice(session, profile);
    if (session.hasEnded) return undefined;
    if (typeof device === 'string') return device;
    session.reader = this.#parts.hub.enter(session);
    const given = new Map<string, Position>(Object.entries(command.cursors ?? {}));
    const newest = await this.#compareAll(session, device, given);
    if (session.hasEnded) return undefined;
    const list = await this.#parts.channels.describe(device.user, newest);
    const known = device.state === 'known' ? 'known' : 'new';
    return session.hasEnded ? undefined : { device: known, list, ignored: [...given.keys()] };
  }

  /** Stores the devices for which there was no room when they came. Resolves when that was tried. */
  async storeDevices(): Promise<void> {
    for (const [session, profile] of [...this.#unstored]) {
      this.#unstored.delete(session);
      if (session.hasEnded) continue;
      if ((await this.#openDevice(session, profile)) === 'all-in-use') this.#unstored.set(session, profile);
    }
  }

  /** Reading needs no write: on a full disk a device that is known is served all the same, and so is one that is not. */
  async #openDevice(session: ClientSession, profile: ProfileChange | undefined): Promise<OpenedDevice | DeviceRefusal> {
    const { directory, turns, users, profiles, clock } = this.#parts;
    const { user, device } = session.identity!;
    // Of ids with hidden characters, only those that are stored already are used.
    const mustExist = { user: hasHiddenCharacter(user), device: hasHiddenCharacter(device) };
    let unfinished: UnfinishedDevice | undefined;
    try {
      for (;;) {
        const opened = await turns.run(user, () => {
          const live = users.sessionsOf(user).filter(({ hasEnded }) => !hasEnded);
          const inUse = live.map(({ identity }) => identity!.device);
          return directory.openDevice({ user, device, mustExist, at: clock.now(), inUse, profile, unfinished });
        });
        if (typeof opened === 'string') {
          if (isRefusal(opened)) return opened;
          // At once: what is stored after it is reported after it.
          if (profile !== undefined) profiles.stored(user, profile);
          return { user, device, state: opened, isStored: true };
        }
        // Of a client that is gone, nothing more is written.
        if (session.hasEnded) return { user, device, state: opened.state, isStored: false };
        unfinished = opened;
      }
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'storage_full') throw error;
      const state = await turns.run(user, () => directory.findDevice(user, device));
      if (state !== 'known' && (mustExist.user || mustExist.device)) throw error;
      this.#unstored.set(session, profile);
      return { user, device, state, isStored: false };
    }
  }

  /** Takes the addresses that were found out of `given`. Ends early with the session. */
  async #compareAll(
    session: ClientSession,
    device: OpenedDevice,
    given: Map<string, Position>,
  ): Promise<NewestChannels> {
    const { hub } = this.#parts;
    const newest = new NewestChannels(fieldLimits.connectedChannels);
    const { user } = device;
    const isHidden = await this.#parts.channels.hiddenOf(user);
    for await (const slice of channelSlices(this.#parts, user, device.device)) {
      if (session.hasEnded) break;
      hub.compare(session.reader!, slice, (status) => {
        const address = addressOf(status.channel, user);
        const position = given.get(address);
        given.delete(address);
        return this.#startIn(status, device, position);
      });
      for (const status of slice) if (!isHidden(status)) newest.add(status);
    }
    return newest;
  }

  #startIn(status: ChannelStatus, device: OpenedDevice, given: Position | undefined): StartPosition {
    const { cursors } = this.#parts;
    const { user, state } = device;
    const isNew = state !== 'known';
    // A new device begins where the user has read. That is written down when it is stored.
    const stored = isNew && !device.isStored && status.read > 0 ? status.read : status.cursor;
    // What is not written yet counts: a device's acknowledgements, and for a new one what the user has read.
    const unwritten = isNew
      ? cursors.peek(user, status.channel)?.read
      : cursors.peekDevice(user, device.device, status.channel);
    if (isNew && device.isStored && unwritten !== undefined && unwritten > (stored ?? 0)) {
      cursors.beginDevice(user, device.device, status.channel, unwritten);
    }
    const { newDeviceBacklog } = this.#options;
    return startPosition({ ...status, cursor: newest(stored, unwritten) }, { given, device: state, newDeviceBacklog });
  }
}

function hasHiddenCharacter(id: string): boolean {
  return findHiddenCharacter(id) !== undefined;
}

function isRefusal(state: DeviceState | DeviceRefusal): state is DeviceRefusal {
  return state !== 'known' && state !== 'new' && state !== 'maybe-forgotten';
}

function newest(stored: number | undefined, unwritten: number | undefined): number | undefined {
  if (unwritten === undefined) return stored;
  return Math.max(stored ?? 0, unwritten);
}
