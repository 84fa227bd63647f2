// A user's channels on their way between the threads.

import type { UserProfile } from '@longwire/protocol';
import type { GroupDescription, MemberState } from '../../directory.js';
import type { HeadFrame, PageFrame } from './page-frames.js';

export interface ChannelStatusFrame extends HeadFrame {
  readonly dueFrom: number;
  readonly visibleFrom: number;
  readonly left: number | undefined;
  readonly cursor: number | undefined;
  readonly read: number;
  readonly recency: number;
}

export interface ChannelStatusSliceFrame {
  readonly channels: readonly ChannelStatusFrame[];
  readonly next: number | undefined;
}

export interface DescriptionFrame {
  readonly life: number;
  readonly visibleFrom: number;
  readonly read: number;
  readonly unread: number;
  readonly last: PageFrame;
  readonly isLastTruncated: boolean;
  readonly isBlocked: boolean;
  readonly members: readonly MemberState[];
  readonly profile: UserProfile;
  readonly singleReads: readonly number[];
  readonly group: GroupDescription | undefined;
  readonly recency: number;
}
