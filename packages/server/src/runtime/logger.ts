// The server's log: JSON lines, readable ones on a terminal, and never a credential in either.

import { pino } from 'pino';
import pretty from 'pino-pretty';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Details of a line; an `Error` under `err` is written with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the floors write to. Narrow, so that nothing below depends on the library behind it. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger whose every line carries `fields` as well. */
  child(fields: LogFields): Logger;
}

/** Where lines go: `process.stderr`, or anything with `write`. Lines end in a newline. */
export interface LogDestination {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

export interface LoggerOptions {
  /** Lines below it are not written. */
  readonly level: LogLevel;
  readonly destination: LogDestination;
  /** Colours, where the lines are made readable at all; NO_COLOR is the caller's to obey. */
  readonly color: boolean;
}

/**
 * Makes the server's logger. JSON lines (`level`, `time` in ms, `msg`, fields), or readable ones if the destination is a
 * terminal. Fields whose names say that they hold a secret are blanked at the top and one level down, and whatever looks
 * like a JWT is blanked anywhere in a line, so that a token inside an error's message does not get through either.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { destination } = options;
  const stream = destination.isTTY === true ? prettyStream(destination, options.color) : destination;
  return pino(
    {
      level: options.level,
      base: null,
      redact: { paths: secretPaths, censor: CENSOR },
      hooks: { streamWrite: blankTokens },
    },
    { write: (line: string) => void stream.write(line) },
  );
}

const CENSOR = '[redacted]';

const secretNames = [
  'token',
  'jwt',
  'jwtSecret',
  'secret',
  'password',
  'apiKey',
  'authorization',
  'cookie',
  'credential',
  'credentials',
];

const secretPaths = [
  ...secretNames,
  ...secretNames.map((name) => `*.${name}`),
  // Browsers carry their token in an offered subprotocol, `bearer.<jwt>`.
  '["sec-websocket-protocol"]',
  '*["sec-websocket-protocol"]',
];

// A JSON object in base64url begins with "eyJ"; two of them with a dot between are the start of a JWT.
// Bounded and without nested repetition, so a long line costs linear time.
const jwtPattern = /eyJ[\w-]{5,}\.eyJ[\w-]*(?:\.[\w-]*)?/g;

function blankTokens(line: string): string {
  return line.includes('eyJ') ? line.replace(jwtPattern, CENSOR) : line;
}

// In the process itself, not in a worker thread: what was logged before a crash is on the terminal.
function prettyStream(destination: LogDestination, color: boolean): LogDestination {
  const format = pretty.prettyFactory({ colorize: color, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => destination.write(format(line)) };
}
