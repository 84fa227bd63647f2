// What `decodeCommand` makes of a text.

import type { Command, SendCommand, SendFields } from './commands.js';
import type { ErrorCode } from './error-catalogue.js';
import type { CommandId } from './ids.js';

/** A `send` as received: its body is `bodyText` of the result, kept as text; one of that and `bytes` is there. */
export interface ReceivedSendCommand extends SendFields {
  /** Canonical base64, checked. */
  readonly bytes?: string | undefined;
}

export type ReceivedCommand = Exclude<Command, SendCommand> | ReceivedSendCommand;

/** A command that keeps to the grammar. Only known fields are in it; fields that were missing are undefined. */
export interface AcceptedCommand {
  readonly ok: true;
  readonly command: ReceivedCommand;
  readonly id: CommandId | undefined;
  /** `send`: the exact JSON text of `body`, without the white space around it. */
  readonly bodyText: string | undefined;
}

/** A text that is not taken; everything that an `error` needs. */
export interface RefusedCommand {
  readonly ok: false;
  readonly code: ErrorCode;
  /** What was expected, what came, what to do. */
  readonly message: string;
  /** For `re`; undefined if there was none or it was invalid. */
  readonly id: CommandId | undefined;
  /** For `of`; undefined if it could not be read. */
  readonly type: string | undefined;
}

export type DecodedCommand = AcceptedCommand | RefusedCommand;

/** The two of `SessionLimits` that decoding obeys. */
export interface DecodeLimits {
  readonly bodyBytes: number;
  readonly commandBytes: number;
}
