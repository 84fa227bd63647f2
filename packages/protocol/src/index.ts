// The vocabulary of longwire.v1.json and its codec. What stays private: the JSON scan and the field checks, which mean
// nothing without the decoders around them.

// catalogues
export {
  CloseCode,
  type CloseCodeDescription,
  closeCodes,
  type ReconnectRule,
  reconnectRule,
  StandardCloseCode,
} from './catalogue/close-codes.js';
export {
  type ErrorCode,
  type ErrorDescription,
  type ErrorFields,
  errorCatalogue,
  isErrorCode,
} from './catalogue/error-catalogue.js';
export { defaultSessionLimits, fieldLimits, protocolTimes, type SessionLimits } from './catalogue/limits.js';
export {
  barePing,
  barePong,
  bearerSubprotocolPrefix,
  connectPath,
  type Feature,
  features,
  subprotocol,
} from './catalogue/version.js';
// codec
export { base64ByteLength, decodeBase64, encodeBase64 } from './codec/base64.js';
export type { ReceivedCommand, ReceivedSendCommand, ReceivedSignalCommand } from './codec/command-fields.js';
export {
  type AcceptedCommand,
  type DecodedCommand,
  type DecodeLimits,
  decodeCommand,
  type RefusedCommand,
  ScannedCommand,
} from './codec/decode-command.js';
export {
  type DecodeServerMessageOptions,
  decodeServerMessage,
  type ServerMessage,
} from './codec/decode-server-message.js';
export {
  type ErrorReport,
  encodeBlocks,
  encodeChannelSummary,
  encodeChannels,
  encodeConnected,
  encodeError,
  encodeGroupInvitation,
  encodeGroupMembers,
  encodeGroupOk,
  encodeGroupReceipts,
  encodeHistory,
  encodeInvitations,
  encodeOk,
  encodePong,
  encodePresenceList,
  encodeRefreshed,
  encodeSent,
  encodeSettings,
  encodeUsers,
} from './codec/encode-answer.js';
export {
  encodeChannelPush,
  encodeChannelRemovedPush,
  encodeEntryPush,
  encodeGapPush,
  encodeGoodbyePush,
  encodeInvitationEndedPush,
  encodeInvitationPush,
  encodePresencePush,
  encodeReceiptPush,
  encodeSettingsPush,
  encodeSignalPush,
  encodeTruncatedEntry,
  type LoggedEntry,
} from './codec/encode-push.js';
export { utf8ByteLength } from './codec/utf8.js';
// messages
export type {
  Answer,
  BlocksAnswer,
  ChannelsAnswer,
  ConnectedAnswer,
  ErrorAnswer,
  GroupInvitation,
  GroupInvitationsAnswer,
  GroupMemberItem,
  GroupMembersAnswer,
  GroupOutcome,
  GroupReceiptsAnswer,
  HistoryAnswer,
  OkAnswer,
  PendingMemberItem,
  PongAnswer,
  PresenceListAnswer,
  RefreshedAnswer,
  SentAnswer,
  SettingsAnswer,
  UsersAnswer,
} from './messages/answers.js';
export type { ChannelSummary } from './messages/channel-summary.js';
export {
  type AckCommand,
  type ArchiveCommand,
  type BlockCommand,
  type BlocksCommand,
  type ChannelsCommand,
  type ClientDescription,
  type Command,
  type CommandType,
  type ConnectCommand,
  commandTypes,
  type HideCommand,
  type HistoryCommand,
  type MuteCommand,
  type PingCommand,
  type PresenceCommand,
  type ReadCommand,
  type RefreshCommand,
  type SendCommand,
  type SendFields,
  type SettingsCommand,
  type SignalCommand,
  type SignalFields,
  type UnblockCommand,
  type UnwatchCommand,
  type WatchCommand,
} from './messages/commands.js';
export {
  type EntryPlace,
  type EntryPush,
  type GroupEntry,
  isGapPush,
  isGroupEntry,
  isMemberEntry,
  isMessageEntry,
  type MemberEntry,
  type MemberEntryBody,
  type MessageEntry,
  type ReactionState,
  type TruncatedGroupEntry,
  type UnknownEntry,
} from './messages/entries.js';
export { type GapPush, type GapReason, gapReasons } from './messages/gap-push.js';
export type {
  GroupAcceptCommand,
  GroupAddCommand,
  GroupCommand,
  GroupCreateCommand,
  GroupDeclineCommand,
  GroupDeleteCommand,
  GroupInvitationsCommand,
  GroupInviteCommand,
  GroupJoinCommand,
  GroupLeaveCommand,
  GroupMembersCommand,
  GroupReceiptsCommand,
  GroupRemoveCommand,
  GroupRole,
  GroupRoleCommand,
  GroupSettings,
  GroupSettingsChange,
  GroupUpdateCommand,
} from './messages/group-commands.js';
export type { JsonValue } from './messages/json-value.js';
export type {
  ProfiledUser,
  UserProfile,
  UsersCommand,
  UsersSearchCommand,
  UserUpdateCommand,
} from './messages/profiles.js';
export type {
  ChannelChangedPush,
  ChannelInvitationPush,
  ChannelPush,
  ChannelRemovedPush,
  ErrorPush,
  GoodbyePush,
  Invitation,
  PresencePush,
  PresenceState,
  Push,
  ReceiptPush,
  SettingsPush,
  SignalPush,
  UserSettings,
} from './messages/pushes.js';
export { textOfBody } from './messages/text-of-body.js';
// names
export {
  type Address,
  type AnnouncementAddress,
  type DirectAddress,
  directAddress,
  formatAddress,
  type GroupAddress,
  type InboxAddress,
  isAddress,
  type ParsedAddress,
  parseAddress,
  type TopicAddress,
} from './names/address.js';
export { findHiddenCharacter } from './names/hidden-characters.js';
export {
  type CommandId,
  type DeviceId,
  defaultDeviceId,
  type GroupId,
  isCommandId,
  parseDeviceId,
  parseGroupId,
  parseUserId,
  type UserId,
} from './names/ids.js';
export { type Epoch, isOffset, type Position, parseEpoch } from './names/position.js';
export { randomId } from './names/random-id.js';
export { formatTopicLevels } from './names/topic-levels.js';
