// Entries that will not come: the push, and its form in a page of history.

import type { Address } from '../names/address.js';
import type { Epoch } from '../names/position.js';

/** Why entries will not come; PROTOCOL.md explains each reason. */
export const gapReasons = /* @__PURE__ */ Object.freeze([
  'expired',
  'superseded',
  'removed',
  'erased',
  'overrun',
  'epoch',
  'skipped',
  'unreadable',
] as const);

export type GapReason = (typeof gapReasons)[number];

/** The entries `from`…`to` (both inclusive) will not come; the next one is `next`, in `epoch`. */
export interface GapPush {
  readonly type: 'gap';
  readonly channel: Address;
  /** The epoch of `next`: a new one with reason `epoch`. */
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly next: number;
  /** One of `GapReason`; a newer server may send others. */
  readonly reason: GapReason | (string & Record<never, never>);
}
