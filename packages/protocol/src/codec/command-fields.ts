// The fields of each command, and the rules between them.

import { fieldLimits } from '../catalogue/limits.js';
import type {
  Command,
  HistoryCommand,
  MuteCommand,
  ReadCommand,
  SendCommand,
  SendFields,
  SignalCommand,
  SignalFields,
} from '../messages/commands.js';
import { parseAddress } from '../names/address.js';
import type { CommandId } from '../names/ids.js';
import type { FieldReader } from './field-reader.js';
import { readGroupCommand } from './group-fields.js';
import { readProfileCommand } from './profile-fields.js';
import { fitsUtf8Bytes, utf8ByteLength } from './utf8.js';

/** A `send` as received. Its body stays text, as `bodyText` of the result; either that or `bytes` is present. */
export interface ReceivedSendCommand extends SendFields {
  /** Canonical base64, checked. */
  readonly bytes?: string | undefined;
}

/** A `signal` as received. Its data stays text, as `dataText` of the result. */
export type ReceivedSignalCommand = SignalFields;

export type ReceivedCommand =
  | Exclude<Command, SendCommand | SignalCommand>
  | ReceivedSendCommand
  | ReceivedSignalCommand;

/** The fields that stay text. */
export interface ContentTexts {
  readonly bodyText: string | undefined;
  readonly dataText: string | undefined;
}

/** Undefined for an unknown type. If `fields` has a problem afterwards, the result must not be used. */
export function readCommandFields(
  type: string,
  id: CommandId | undefined,
  fields: FieldReader,
  { bodyText, dataText }: ContentTexts,
  bodyBytes: number,
): ReceivedCommand | undefined {
  switch (type) {
    case 'send':
      return readSend(id, fields, bodyText, bodyBytes);
    case 'signal':
      return readSignal(id, fields, dataText);
    case 'ack':
      return { type, id, cursors: fields.cursorsOfAck() };
    case 'read':
      return readRead(id, fields);
    case 'ping':
      return { type, id };
    case 'history':
      return readHistory(id, fields);
    case 'channels':
      return { type, id, after: fields.address('after'), limit: readLimit(fields) };
    case 'users':
      return { type, id, users: fields.requiredUsers(fieldLimits.profileUsers), group: fields.group('group') };
    case 'users.search':
    case 'user.update':
      return readProfileCommand(type, id, fields);
    case 'presence':
    case 'watch':
    case 'unwatch':
      return { type, id, users: fields.requiredUsers(fieldLimits.presenceUsers) };
    case 'settings':
      return { type, id, presence: fields.flag('presence'), receipts: fields.flag('receipts') };
    case 'block':
    case 'unblock':
      return { type, id, user: fields.requiredUser() };
    case 'blocks':
      return { type, id, after: fields.user('after'), limit: readLimit(fields) };
    case 'mute':
      return readMute(id, fields);
    case 'archive':
    case 'hide':
      return { type, id, channel: fields.requiredAddress('channel'), on: fields.flag('on') };
    case 'connect':
      return {
        type,
        id,
        token: fields.token(),
        device: fields.device(),
        cursors: fields.cursorsOfConnect(),
        batch: fields.flag('batch'),
        client: fields.client(),
      };
    case 'refresh':
      return { type, id, token: fields.requiredToken() };
    case 'group.members': {
      const group = fields.requiredGroup();
      return {
        type,
        id,
        group,
        pending: fields.flag('pending'),
        after: fields.user('after'),
        limit: readLimit(fields),
      };
    }
    case 'group.receipts':
      return { type, id, group: fields.requiredGroup(), epoch: fields.epoch(), offset: readEntryOffset(fields) };
    case 'group.invitations':
      return { type, id, after: fields.group('after'), limit: readLimit(fields) };
    default:
      return readGroupCommand(type, id, fields);
  }
}

function readSend(
  id: CommandId | undefined,
  fields: FieldReader,
  bodyText: string | undefined,
  bodyBytes: number,
): ReceivedSendCommand {
  const command: ReceivedSendCommand = {
    type: 'send',
    id,
    to: fields.requiredAddress('to'),
    bytes: fields.bytes(bodyBytes),
    key: fields.label('key', fieldLimits.keyBytes),
    since: fields.position('since', 0),
    slot: fields.label('slot', fieldLimits.slotBytes),
    echo: fields.flag('echo'),
    headers: fields.headers(),
    contentType: fields.contentType(),
    replyTo: fields.position('replyTo', 1),
    ttlMs: fields.integer('ttlMs', 1, Number.MAX_SAFE_INTEGER),
    retain: fields.flag('retain'),
  };
  if ((bodyText === undefined) === !fields.has('bytes')) {
    fields.report('body', 'either body or bytes', bodyText === undefined ? 'neither' : 'both');
  }
  if (bodyText !== undefined && !fitsUtf8Bytes(bodyText, bodyBytes)) {
    fields.report('body', `at most ${bodyBytes} bytes of JSON text`, `${utf8ByteLength(bodyText)}`, 'too_large');
  }
  return command;
}

function readSignal(
  id: CommandId | undefined,
  fields: FieldReader,
  dataText: string | undefined,
): ReceivedSignalCommand {
  const { signalDataBytes } = fieldLimits;
  const command: ReceivedSignalCommand = {
    type: 'signal',
    id,
    to: fields.requiredAddress('to'),
    name: fields.requiredSignalName(),
  };
  if (dataText !== undefined && !fitsUtf8Bytes(dataText, signalDataBytes)) {
    fields.report('data', `at most ${signalDataBytes} bytes of JSON text`, `${utf8ByteLength(dataText)}`, 'too_large');
  }
  return command;
}

function readRead(id: CommandId | undefined, fields: FieldReader): ReadCommand {
  const command: ReadCommand = {
    type: 'read',
    id,
    channel: fields.requiredAddress('channel'),
    epoch: fields.epoch(),
    offset: fields.requiredOffset('offset'),
    only: fields.flag('only'),
  };
  if (command.only === true && fields.problem === undefined && parseAddress(command.channel).kind !== 'inbox') {
    fields.report('only', 'only for an inbox', 'another channel');
  }
  return command;
}

function readMute(id: CommandId | undefined, fields: FieldReader): MuteCommand {
  const command: MuteCommand = {
    type: 'mute',
    id,
    channel: fields.requiredAddress('channel'),
    on: fields.flag('on'),
    until: fields.integer('until', 1, Number.MAX_SAFE_INTEGER - 1),
  };
  if (command.on === false && command.until !== undefined) fields.report('until', 'none with on: false', 'one');
  return command;
}

function readHistory(id: CommandId | undefined, fields: FieldReader): HistoryCommand {
  const command: HistoryCommand = {
    type: 'history',
    id,
    channel: fields.requiredAddress('channel'),
    before: fields.positionOrNumber('before'),
    after: fields.positionOrNumber('after'),
    limit: readLimit(fields),
  };
  if (command.before !== undefined && command.after !== undefined) {
    fields.report('before', 'at most one of before and after', 'both');
  }
  return command;
}

function readLimit(fields: FieldReader): number | undefined {
  return fields.integer('limit', 1, fieldLimits.pageItems);
}

function readEntryOffset(fields: FieldReader): number {
  const offset = fields.requiredOffset('offset');
  if (offset === 0 && fields.problem === undefined) fields.report('offset', 'the offset of an entry, at least 1', '0');
  return offset;
}
