// The order of commits, over many channels: what fan-out follows, and everything behind it.

import type { Channel } from './channel.js';
import type { Entry } from './entry.js';
import type { AppliedChange } from './membership.js';

/** A sequence of committed rows, numbered 1, 2, 3 … without holes in the order of commits. A channel stays in its lane. */
export type Lane = number;

/** A number in each lane: how far something goes. */
export type LaneNumbers = ReadonlyMap<Lane, number>;

/** One committed row. */
export interface LaneRow {
  /** Its number in the lane. */
  readonly seq: number;
  /** What the append that wrote it was stamped with, so that its sender recognises it; 0: nothing. */
  readonly stamp: number;
  readonly channel: Channel;
  /** Undefined: the row has no offset, and only changes rights. */
  readonly entry: Entry | undefined;
  /** What it changes of the rights in its channel, of which its number becomes the version; undefined: nothing. */
  readonly change: AppliedChange | undefined;
}

/** A part of a lane. */
export interface LanePage {
  /** Ascending by `seq`. */
  readonly rows: readonly LaneRow[];
  /** All rows of the part, up to this number, are among `rows`, or were removed. */
  readonly through: number;
}
