// What the contract suites are given: an engine, and a way to open it again.

import type { StoreQuotas } from '../../src/storage/quotas.js';
import type { Store } from '../../src/storage/store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes and opens again what is on disk. Undefined: nothing of this engine survives closing. */
  readonly restart: (() => Promise<Store>) | undefined;
  dispose(): Promise<void>;
}

/** @param quotas  default: none */
export type StoreFactory = (quotas?: StoreQuotas) => Promise<StoreUnderTest>;
