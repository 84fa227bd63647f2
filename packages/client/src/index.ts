// The SDK of Longwire, for browsers and Node. Private are the reader, the queues and the connection, which keep their
// guarantees only together, and the platforms, of which the `imports` of package.json select one.
// `@longwire/client/node` has more for Node.

// shapes of the protocol that appear in these types
export type {
  ChannelSummary,
  GroupInvitation,
  GroupRole,
  GroupSettings,
  GroupSettingsChange,
  JsonValue,
  PresenceState,
  ProfiledUser,
  ReactionState,
  UserProfile,
  UserSettings,
} from '@longwire/protocol';
export type { AbortSignalLike, PlatformAbortSignal, WaitOptions } from './arguments/abort-signal.js';
// options
export type { ConnectOptions } from './arguments/options.js';
export type { PositionInput } from './arguments/position-input.js';
export type { Channel, MuteOptions } from './channel.js';
export type { LongwireClient } from './client.js';
// events
export type {
  ChannelChange,
  Gap,
  Goodbye,
  InvitationChange,
  LongwireEvents,
  PresenceChange,
  Receipt,
  SessionInfo,
  Signal,
  TypingChange,
} from './client-events.js';
export { connect } from './connect.js';
export type { ConnectionState, ConnectionStateChange } from './connection/connection-state.js';
export type { GetToken, TokenRequest } from './connection/token-provider.js';
// errors
export { type ClientErrorCode, clientErrorCatalogue, LongwireError } from './errors.js';
export type { Group } from './group.js';
export type { Inbox } from './inbox.js';
export type { Listener } from './listeners.js';
export type { DeviceStore } from './platform/platform.js';
export type { AckMode } from './reading/inbound.js';
export type { GroupChange, LongwireMessage, MemberChange } from './reading/message.js';
// sends and queries
export type {
  AddedUsers,
  AnswerOptions,
  CreateGroupOptions,
  GroupMember,
  GroupMembersOptions,
  GroupMembersPage,
  GroupReceipts,
  InvitationsOptions,
  InvitationsPage,
  JoinResult,
  PendingMember,
  PendingMembersPage,
} from './sending/groups.js';
export type { SendOptions, SendResult } from './sending/pending-sends.js';
export type {
  BlockedOptions,
  BlockedPage,
  ChannelsOptions,
  ChannelsPage,
  HistoryItem,
  HistoryOptions,
  HistoryPage,
  SearchUsersOptions,
  UserProfileChange,
} from './sending/queries.js';
export type { SendBody } from './sending/send-body.js';
