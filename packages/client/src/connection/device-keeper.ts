// Which device this is: what the app said, or a random id that the store keeps for each user.

import { parseDeviceId } from '@longwire/protocol';
import { LongwireError } from '../errors.js';
import type { DeviceStore } from '../platform/platform.js';
import { randomId } from '../random-id.js';
import { tokenSubject } from './token-subject.js';

export interface DeviceKeeperParts {
  /** Given by the app: then there is nothing to keep. */
  readonly device: string | undefined;
  readonly store: DeviceStore;
  fillRandom(bytes: Uint8Array): void;
  onError(error: LongwireError): void;
}

export class DeviceKeeper {
  readonly #parts: DeviceKeeperParts;
  // The store is asked once for each user: a reading position must not change under a running client.
  readonly #known = new Map<string | undefined, string>();

  constructor(parts: DeviceKeeperParts) {
    this.#parts = parts;
  }

  /** The device id for the user that `token` names. Never rejects. */
  async deviceFor(token: string | undefined): Promise<string> {
    if (this.#parts.device !== undefined) return this.#parts.device;
    const user = token === undefined ? undefined : tokenSubject(token);
    const device = this.#known.get(user) ?? (await this.#loadOrMake(user));
    this.#known.set(user, device);
    return device;
  }

  async #loadOrMake(user: string | undefined): Promise<string> {
    const fresh = randomId(this.#parts.fillRandom);
    try {
      const kept = await this.#parts.store.load(user);
      if (kept !== undefined && parseDeviceId(kept) !== undefined) return kept;
      return await this.#parts.store.save(user, fresh);
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
