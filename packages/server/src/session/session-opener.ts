// From `connect` to `connected`: who is it, which device, where does it stand in every channel, and is it at the tail.

import type { ConnectCommand, DeviceId, Position, UserId } from '@longwire/protocol';
import { addressFor } from '../channel/channel-key.js';
import type { Hub } from '../delivery/hub.js';
import { startPosition } from '../delivery/start-position.js';
import type { ChannelList, ChannelListPage } from '../messaging/channel-list.js';
import type { CursorCache } from '../messaging/cursor-cache.js';
import type { Clock } from '../runtime/clock.js';
import type { ChannelStatus, Directory } from '../storage/directory.js';
import type { ClientSession } from './client-session.js';

/** Channels compared between two commits. */
const SLICE_CHANNELS = 500;
/** Channels listed in `connected`; the command `channels` pages the rest. */
export const LISTED_CHANNELS = 200;

export interface OpenedSession {
  readonly device: 'known' | 'new';
  readonly list: ChannelListPage;
  /** Addresses among the given cursors that are no channels of this user. */
  readonly ignored: readonly string[];
}

export interface SessionOpenerOptions {
  readonly newDeviceBacklog: number;
}

export class SessionOpener {
  readonly #directory: Directory;
  readonly #hub: Hub;
  readonly #cursors: CursorCache;
  readonly #channels: ChannelList;
  readonly #clock: Clock;
  readonly #options: SessionOpenerOptions;

  constructor(
    directory: Directory,
    hub: Hub,
    cursors: CursorCache,
    channels: ChannelList,
    clock: Clock,
    options: SessionOpenerOptions,
  ) {
    this.#directory = directory;
    this.#hub = hub;
    this.#cursors = cursors;
    this.#channels = channels;
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * Brings an admitted session into the hub and compares all its channels. When this resolves, the session stands in the hub in
   * phase opening: the caller queues `connected` and then finishes opening, in one step.
   */
  async open(session: ClientSession, command: ConnectCommand): Promise<OpenedSession> {
    const { user, device } = session.identity!;
    const known = await this.#directory.openDevice(user, device, this.#clock.now());
    session.reader = this.#hub.enter(session);
    const given = new Map<string, Position>(Object.entries(command.cursors ?? {}));
    const statuses = await this.#compareAll(session, user, device, given, known === 'new');
    const list = await this.#channels.firstPage(user, statuses, LISTED_CHANNELS);
    return { device: known, list, ignored: [...given.keys()] };
  }

  /** Takes the addresses that were found out of `given`. */
  async #compareAll(
    session: ClientSession,
    user: UserId,
    device: DeviceId,
    given: Map<string, Position>,
    isNewDevice: boolean,
  ): Promise<readonly ChannelStatus[]> {
    const { newDeviceBacklog } = this.#options;
    const all: ChannelStatus[] = [];
    let after: number | undefined;
    do {
      const slice = await this.#directory.channelStatuses(user, device, after, SLICE_CHANNELS);
      this.#hub.compare(session.reader!, slice.channels, (status) => {
        const address = addressFor(status.channel, user);
        const position = given.get(address);
        given.delete(address);
        // What is not written yet counts: a device's acknowledgements, and for a new one what the user has read.
        const unwritten = isNewDevice
          ? this.#cursors.peek(user, status.channel)?.read
          : this.#cursors.peekDevice(user, device, status.channel);
        const cursor = newest(status.cursor, unwritten);
        return startPosition({ ...status, cursor }, { given: position, isNewDevice, newDeviceBacklog });
      });
      all.push(...slice.channels);
      after = slice.next;
    } while (after !== undefined);
    return all;
  }
}

/** All of a user's channels as they stand, in slices that let commits through. */
export async function allChannelStatuses(
  directory: Directory,
  user: UserId,
  device: DeviceId,
): Promise<readonly ChannelStatus[]> {
  const all: ChannelStatus[] = [];
  let after: number | undefined;
  do {
    const slice = await directory.channelStatuses(user, device, after, SLICE_CHANNELS);
    all.push(...slice.channels);
    after = slice.next;
  } while (after !== undefined);
  return all;
}

function newest(stored: number | undefined, unwritten: number | undefined): number | undefined {
  if (unwritten === undefined) return stored;
  return Math.max(stored ?? 0, unwritten);
}
