// The server's log: JSON lines, readable ones on a terminal, and never a credential in either.

import { pino } from 'pino';
import pretty from 'pino-pretty';
import { type LogDestination, LogOutput } from './log-output.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Details of a line; an `Error` under `err` is written with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the server logs through. Narrow, so that nothing depends on the library behind it. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger whose every line carries `fields` as well. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Lines below it are not written. */
  readonly level: LogLevel;
  /** `process.stderr`, or anything with `write`. Lines end in a newline. */
  readonly destination: LogDestination;
  /** Colours, where the lines are made readable at all; NO_COLOR is the caller's to obey. */
  readonly color: boolean;
}

/**
 * Creates the server's logger. JSON lines (`level`, `time` in ms, `msg`, fields), or readable ones if the destination is a
 * terminal. Fields whose names say that they hold a secret are blanked at the top and one level down, and anything that
 * looks like a JWT is blanked anywhere in a line, so that a token inside an error's message is hidden too.
 * A line that cannot be written is lost; the next one that can is followed by the number of lost lines.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { destination } = options;
  // In the process itself, not in a worker thread: what was logged before a crash is on the terminal.
  const format = destination.isTTY === true ? prettyFormat(options.color) : (line: string) => line;
  const output = new LogOutput(destination, (lost) => format(lostLine(lost)));
  return pino(
    {
      level: options.level,
      base: null,
      redact: { paths: secretPaths, censor: CENSOR },
      hooks: { streamWrite: blankTokens },
    },
    { write: (line: string) => output.write(format(line)) },
  );
}

const WARN = 40;

function lostLine(lost: number): string {
  const msg = 'Log lines were lost because they could not be written';
  return `${JSON.stringify({ level: WARN, time: Date.now(), lost, msg })}\n`;
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

function prettyFormat(color: boolean): (line: string) => string {
  const format = pretty.prettyFactory({ colorize: color, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
  return (line) => format(line.replace(unsafeInJson, visibleInJson));
}

// What must not reach a terminal in the id or the header of a stranger: control characters, which JSON escapes, and those that it does
// not escape, with line separators and the marks that change the direction of the text around them. `\\` is found first, because
// what follows it is no escape.
const unsafeInJson =
  /\\(?:\\|u00[01][\da-f]|[bfr])|[\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The escape itself, instead of what it stands for. */
function visibleInJson(found: string): string {
  if (found === '\\\\') return found;
  return found.startsWith('\\') ? `\\${found}` : `\\\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
