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
export { base64ByteLength, decodeBase64, encodeBase64 } from './base64.js';
// catalogues
export { CloseCode, type CloseCodeDescription, closeCodes, type ReconnectRule, reconnectRule } from './close-codes.js';
// commands
export { commandTypes, isNamedCommandType, namedCommandTypes } from './command-types.js';
export type {
  AckCommand,
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
export { decodeCommand } from './decode-command.js';
// codec
export { decodeServerMessage } from './decode-server-message.js';
export type {
  AcceptedCommand,
  DecodedCommand,
  DecodeLimits,
  ReceivedCommand,
  ReceivedSendCommand,
  RefusedCommand,
} from './decoded-command.js';
export {
  type ErrorReport,
  encodeChannelSummary,
  encodeChannels,
  encodeConnected,
  encodeError,
  encodeHistory,
  encodeOk,
  encodePong,
  encodeRefreshed,
  encodeSent,
} from './encode-answer.js';
export {
  encodeGapPush,
  encodeGoodbyePush,
  encodeMessagePush,
  encodeReceiptPush,
  type Gap,
  type Goodbye,
  type ReceiptState,
  type StoredMessage,
} from './encode-push.js';
export { type ErrorCode, type ErrorFields, errorCatalogue, isErrorCode } from './error-catalogue.js';
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
  AnyCommand,
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
export { type GapReason, gapReasons } from './pushes.js';
export type { ServerMessage } from './server-message.js';
// the protocol's name and what this version offers
export { barePing, barePong, bearerSubprotocolPrefix, type Feature, features, subprotocol } from './version.js';
