// The device id of the client: given by the app, or random and kept by the store for each user.

import { parseDeviceId, randomId } from '@longwire/protocol';
import { LongwireError } from '../errors.js';
import type { DeviceStore, PlatformClock } from '../platform/platform.js';
import { withDeadline } from './deadline.js';
import { tokenSubject } from './token-subject.js';

export interface DeviceIdsParts {
  /** Given by the app: then nothing is kept. */
  readonly device: string | undefined;
  /** Undefined: the platform has none, and the app gave none. */
  readonly store: DeviceStore | undefined;
  readonly clock: PlatformClock;
  fillRandom(bytes: Uint8Array): void;
  onError(error: LongwireError): void;
  warn(message: string): void;
}

const NOT_KEPT =
  'The device id of this Longwire client is not kept: every run is a new device and gets the backlog again. Give connect() a `device` name, or a `deviceStore` (in Node: fileDeviceStore of @longwire/client/node)';

export class DeviceIds {
  readonly #parts: DeviceIdsParts;
  // The store is asked once for each user: the reading position of a running client must not change.
  readonly #known = new Map<string | undefined, string>();
  #waiting: { cancel(): void } | undefined;

  constructor(parts: DeviceIdsParts) {
    this.#parts = parts;
  }

  /** The device id for the user that `token` names. Never rejects: a store that takes longer than `withinMs` has failed. */
  async deviceFor(token: string | undefined, withinMs: number): Promise<string> {
    if (this.#parts.device !== undefined) return this.#parts.device;
    const user = token === undefined ? undefined : tokenSubject(token);
    const device = this.#known.get(user) ?? (await this.#loadOrMake(user, withinMs));
    this.#known.set(user, device);
    return device;
  }

  /** Stops waiting for the store, and leaves no timer. */
  stop(): void {
    this.#waiting?.cancel();
  }

  async #loadOrMake(user: string | undefined, withinMs: number): Promise<string> {
    const { clock, fillRandom, store } = this.#parts;
    const fresh = randomId(fillRandom);
    if (store === undefined) {
      this.#parts.warn(NOT_KEPT);
      return fresh;
    }
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
