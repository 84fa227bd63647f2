// The words of longwire.v1.json. What stays private: the JSON scan and the field checks, which mean nothing
// without the decoders around them, and the UTF-8 counting, which any platform does better with its own encoder.

// ids, addresses, positions
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
} from './address.js';
// answers
export type {
  Answer,
  ChannelSummary,
  ChannelsAnswer,
  ConnectedAnswer,
  ErrorAnswer,
  ErrorFields,
  FoundAnswer,
  HistoryAnswer,
  MembersAnswer,
  OkAnswer,
  PongAnswer,
  PresenceListAnswer,
  ReceiptsAnswer,
  RefreshedAnswer,
  SentAnswer,
  SubscribedAnswer,
} from './answers.js';
// catalogues
export { CloseCode, type CloseCodeDescription, closeCodes, type ReconnectRule, reconnectRule } from './close-codes.js';
// commands
export type {
  AckCommand,
  AnyCommand,
  ChannelsCommand,
  ClientDescription,
  Command,
  CommandType,
  ConnectCommand,
  HistoryCommand,
  PingCommand,
  ReadCommand,
  RefreshCommand,
  SendCommand,
  SendFields,
} from './commands.js';
export type {
  AcceptedCommand,
  DecodedCommand,
  DecodeLimits,
  ReceivedCommand,
  ReceivedSendCommand,
  RefusedCommand,
} from './decoded-command.js';
export { type ErrorCode, errorCatalogue, isErrorCode } from './error-catalogue.js';
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
} from './ids.js';
export type { JsonValue } from './json-value.js';
export { defaultSessionLimits, fieldLimits, protocolTimes, type SessionLimits } from './limits.js';
export type {
  BlockCommand,
  EditCommand,
  GroupCommand,
  GroupCreateCommand,
  GroupPlainCommand,
  GroupRole,
  GroupRoleCommand,
  GroupUpdateCommand,
  GroupUsersCommand,
  NamedCommand,
  PresenceCommand,
  ReactCommand,
  RetractCommand,
  SearchCommand,
  SignalCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from './named-commands.js';
export { type Epoch, isOffset, type Position, parseEpoch } from './position.js';
// pushes
export type {
  CaughtUpPush,
  EditEntry,
  Entry,
  EntryFields,
  ErrorPush,
  GapPush,
  GapReason,
  GoodbyePush,
  MemberEntry,
  MessageEntry,
  PresencePush,
  PresenceState,
  Push,
  ReactEntry,
  ReceiptPush,
  RetractEntry,
  SignalPush,
  UnknownEntry,
} from './pushes.js';
export type { ServerMessage } from './server-message.js';
// the protocol's name and what this version offers
export { barePing, barePong, bearerSubprotocolPrefix, type Feature, features, subprotocol } from './version.js';
