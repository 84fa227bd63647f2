// What the two threads say to each other.

import type { DeviceId, ProfiledUser, UserId, UserProfile } from '@longwire/protocol';
import type { Channel } from '../../../channel/channel.js';
import type { PendingMember, Stay } from '../../../channel/membership.js';
import { ServerError, type ServerErrorCode } from '../../../errors.js';
import type { ChannelName, Named } from '../../channel-name.js';
import type { CursorWrite, SingleRead, StoredCursors } from '../../cursors.js';
import type { DeviceRefusal, DeviceSignIn, DeviceState, UnfinishedDevice } from '../../directory.js';
import type { MaintenanceStep } from '../../maintenance.js';
import type { BlockedPage, KeySearch, PageRequest } from '../../message-log.js';
import type { PreferenceWrite } from '../../preferences.js';
import type { ProfileWrite } from '../../profiles.js';
import type { StoreQuotas } from '../../quotas.js';
import type { HeldEngine } from '../../store.js';
import type { UserState, UserStateWrite, WriterPair } from '../../user-states.js';
import type { BatchFrame, FlatResults } from '../appending/append-frames.js';
import type { DriverChoice } from '../driver/choose-driver.js';
import type { FeedFrame } from '../reading/feed-reader.js';
import type { SearchedPart, SliceSearch } from '../reading/key-search.js';
import type { HeadFrame, PageFrame } from '../reading/page-frames.js';
import type { ChannelStatusSliceFrame, DescriptionFrame } from '../reading/status-frames.js';
import type { PendingPlaceFrame, PendingRows } from '../tables/pending-table.js';
import type { PreferenceFrame } from '../tables/preference-table.js';
import type { MemberPageFrame, RightsFrame } from '../tables/rights-table.js';

/** Given to the worker when it starts. */
export interface WorkerStart {
  /** `writer`: everything. `reader`: pages and searches only, beside a writer that has the folder open. */
  readonly role: 'writer' | 'reader';
  readonly folder: string;
  readonly driver: DriverChoice;
  readonly keyWindowEntries: number;
  readonly devicesPerUser: number;
  readonly needsNewEra: boolean;
  /** For tests: of `HoldWatch`. */
  readonly maxHoldMs: number | undefined;
  readonly quotas: StoreQuotas;
  /** The writer's, for a reader. */
  readonly placeRing: SharedArrayBuffer | undefined;
  /** The folder's lock: file and the token that proves it is still ours. Undefined: not locked by us. */
  readonly lock: { readonly file: string; readonly token: string } | undefined;
}

/** Calls with an answer of their own, by method: arguments and answer. */
export interface WorkerCalls {
  pages: { readonly input: readonly Named<PageRequest>[]; readonly output: readonly PageOutcome[] };
  feed: { readonly input: { readonly after: number; readonly limit: number }; readonly output: FeedFrame };
  heads: {
    readonly input: readonly ChannelName[];
    readonly output: { readonly heads: readonly HeadFrame[]; readonly through: number };
  };
  rights: {
    readonly input: readonly ChannelName[];
    readonly output: { readonly rights: readonly (RightsFrame | 'damaged')[]; readonly through: number };
  };
  members: {
    readonly input: { readonly channel: ChannelName; readonly after: UserId | undefined; readonly limit: number };
    readonly output: MemberPageFrame & { readonly through: number };
  };
  pending: {
    readonly input: { readonly channel: ChannelName; readonly after: UserId | undefined; readonly limit: number };
    readonly output: PendingRows<PendingMember> & { readonly version: number; readonly through: number };
  };
  pendingOf: {
    readonly input: { readonly user: UserId; readonly after: ChannelName | undefined; readonly limit: number };
    readonly output: PendingRows<PendingPlaceFrame>;
  };
  stays: {
    readonly input: { readonly user: UserId; readonly channels: readonly ChannelName[] };
    readonly output: readonly (readonly Stay[])[];
  };
  channelStatuses: {
    readonly input: {
      readonly user: UserId;
      readonly device: DeviceId;
      readonly after: number | undefined;
      readonly limit: number;
    };
    readonly output: ChannelStatusSliceFrame & { readonly through: number };
  };
  describe: {
    readonly input: {
      readonly user: UserId;
      readonly channels: readonly { readonly channel: ChannelName; readonly read: number }[];
      readonly maxLastBytes: number;
    };
    /** One for each channel asked for; undefined where the user is not in it. */
    readonly output: readonly (DescriptionFrame | undefined)[];
  };
  /** Undefined: the channel has no entries of the sender. */
  keySearchRange: {
    readonly input: Named<Omit<KeySearch, 'until'>>;
    readonly output: (SearchedPart & { readonly life: number }) | undefined;
  };
  searchKey: {
    readonly input: { readonly channel: ChannelName } & SliceSearch;
    readonly output: SearchedPart;
  };
  countBlocks: { readonly input: UserId; readonly output: number };
  /** `after`: the channel with the last user of the page before. Undefined: there is no such channel. */
  blockedUsers: {
    readonly input: { readonly user: UserId; readonly after: ChannelName | undefined; readonly limit: number };
    readonly output: BlockedPage | undefined;
  };
  openDevice: {
    readonly input: DeviceSignIn;
    readonly output: DeviceState | DeviceRefusal | UnfinishedDevice;
  };
  findDevice: {
    readonly input: { readonly user: UserId; readonly device: DeviceId };
    readonly output: DeviceState;
  };
  loadCursors: {
    readonly input: readonly { readonly user: UserId; readonly channel: ChannelName }[];
    readonly output: readonly Named<StoredCursors>[];
  };
  maintain: {
    readonly input: { readonly step: MaintenanceStepFrame; readonly budgetMs: number };
    readonly output: MaintenanceFrame;
  };
  loadPreferences: { readonly input: readonly UserId[]; readonly output: readonly (readonly PreferenceFrame[])[] };
  writePreferences: { readonly input: readonly Named<PreferenceWrite>[]; readonly output: undefined };
  loadProfiles: { readonly input: readonly UserId[]; readonly output: readonly UserProfile[] };
  loadSharedProfiles: {
    readonly input: {
      readonly viewer: UserId;
      readonly users: readonly UserId[];
      readonly group: ChannelName | undefined;
    };
    readonly output: readonly UserProfile[];
  };
  searchProfiles: {
    readonly input: { readonly prefix: string; readonly limit: number };
    readonly output: readonly ProfiledUser[];
  };
  writeProfiles: { readonly input: readonly ProfileWrite[]; readonly output: readonly boolean[] };
  loadUserStates: { readonly input: readonly UserId[]; readonly output: readonly UserState[] };
  writeUserStates: { readonly input: readonly UserStateWrite[]; readonly output: undefined };
  sharedGroups: {
    readonly input: { readonly viewer: UserId; readonly users: readonly UserId[]; readonly maxMembers: number };
    readonly output: readonly (ChannelName | undefined)[];
  };
  haveWritten: { readonly input: readonly WriterPair[]; readonly output: readonly boolean[] };
  readSingly: { readonly input: Named<SingleRead>; readonly output: readonly number[] | undefined };
  writeCursors: {
    readonly input: { readonly batch: readonly Named<CursorWrite>[]; readonly at: number };
    readonly output: undefined;
  };
}

export type WorkerMethod = keyof WorkerCalls;

export type CallMessage = {
  [Method in WorkerMethod]: {
    readonly type: 'call';
    readonly id: number;
    readonly method: Method;
    readonly input: WorkerCalls[Method]['input'];
  };
}[WorkerMethod];

export type ToWorker =
  /** The batches given in one turn, in order. */
  { readonly type: 'append'; readonly batches: readonly BatchFrame[] } | CallMessage | { readonly type: 'close' };

export interface FailureFrame {
  readonly code: ServerErrorCode | 'invalid';
  readonly message: string;
  readonly offset: number | undefined;
}

/** A step with the name of its channel in place of the channel. */
export type MaintenanceStepFrame = NamedStep<MaintenanceStep>;

type NamedStep<Step> = Step extends { readonly channel: Channel } ? Named<Step> : Step;

export type MaintenanceFrame =
  | { readonly isDone: true }
  | { readonly isDone: false; readonly next: MaintenanceStepFrame };

/** A page, or why it cannot be read. */
export type PageOutcome = PageFrame | FailureFrame;

/** Per batch its results, or why all of it was refused. */
export type BatchOutcome = Readonly<FlatResults> | FailureFrame;

export type CallOutcome = { readonly id: number } & ({ readonly output: unknown } | { readonly failure: FailureFrame });

export type FromWorker =
  | {
      readonly type: 'opened';
      readonly era: string;
      readonly driverName: string;
      readonly canShareFile: boolean;
      readonly isWritable: boolean;
      /** The number of the newest row. */
      readonly newest: number;
      /** What was found and done at the opening, as sentences for the log. */
      readonly notices: readonly string[];
      /** Where the newest entries are: the reader shares it with the writer. */
      readonly placeRing: SharedArrayBuffer;
    }
  /** Outcomes of one commit, in the order in which the batches were given. */
  | {
      readonly type: 'done';
      readonly appends: readonly BatchOutcome[];
      readonly calls: readonly CallOutcome[];
      readonly isWritable: boolean;
    }
  | { readonly type: 'writable'; readonly isWritable: boolean }
  /** A row that was passed over. */
  | { readonly type: 'damage'; readonly failure: FailureFrame }
  | ({ readonly type: 'held' } & HeldEngine)
  /** Nothing more will come. */
  | { readonly type: 'fatal'; readonly failure: FailureFrame }
  | { readonly type: 'closed' };

export function failureOf(error: unknown): FailureFrame {
  if (error instanceof ServerError) return { code: error.code, message: error.message, offset: error.offset };
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof TypeError ? 'invalid' : 'fatal', message, offset: undefined };
}

export function errorFrom(failure: FailureFrame): Error {
  if (failure.code === 'invalid') return new TypeError(failure.message);
  return new ServerError(failure.code, failure.message, { offset: failure.offset });
}
