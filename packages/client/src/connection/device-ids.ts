// Which device this is: what the app said, or a random id that the store keeps for each user.

import { parseDeviceId, randomId } from '@longwire/protocol';
import { LongwireError } from '../errors.js';
import type { DeviceStore, PlatformClock } from '../platform/platform.js';
import { withDeadline } from './deadline.js';
import { tokenSubject } from './token-subject.js';

export interface DeviceIdsParts {
  /** Given by the app: then there is nothing to keep. */
  readonly device: string | undefined;
  readonly store: DeviceStore;
  readonly clock: PlatformClock;
  fillRandom(bytes: Uint8Array): void;
  onError(error: LongwireError): void;
}

export class DeviceIds {
  readonly #parts: DeviceIdsParts;
  // The store is asked once for each user: a reading position must not change under a running client.
  readonly #known = new Map<string | undefined, string>();
  #waiting: { cancel(): void } | undefined;

  constructor(parts: DeviceIdsParts) {
    this.#parts = parts;
  }

  /** The device id for the user that `token` names. Never rejects; a store that takes longer than `withinMs` has failed. */
  async deviceFor(token: string | undefined, withinMs: number): Promise<string> {
    if (this.#parts.device !== undefined) return this.#parts.device;
    const user = token === undefined ? undefined : tokenSubject(token);
    const device = this.#known.get(user) ?? (await this.#loadOrMake(user, withinMs));
    this.#known.set(user, device);
    return device;
  }

  /** Waits for the store no longer, and leaves no timer behind. */
  stop(): void {
    this.#waiting?.cancel();
  }

  async #loadOrMake(user: string | undefined, withinMs: number): Promise<string> {
    const { clock, fillRandom, store } = this.#parts;
    const fresh = randomId(fillRandom);
    const loadOrSave = async () => {
      const kept = await store.load(user);
      return kept !== undefined && parseDeviceId(kept) !== undefined ? kept : store.save(user, fresh);
    };
    const waiting = withDeadline(
      clock,
      withinMs,
      loadOrSave,
      () => new Error(`The store did not answer within ${withinMs} ms`),
    );
    this.#waiting = waiting;
    try {
      return await waiting.result;
    } catch (cause) {
      const message = `The device id lives as long as this client only: ${String(cause)}`;
      this.#parts.onError(new LongwireError('device_store_failed', message, { cause }));
      return fresh;
    }
  }
}

/** Keeps the ids as long as the program runs. */
export function memoryDeviceStore(): DeviceStore {
  const devices = new Map<string | undefined, string>();
  return {
    load: (user) => devices.get(user),
    save: (user, device) => {
      devices.set(user, device);
      return device;
    },
  };
}
