// The options of every client command: the address of the server and who signs in.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AckMode, connect, type LongwireClient, LongwireError } from '@longwire/client';
import { fileDeviceStore } from '@longwire/client/node';
import { parseUserId } from '@longwire/protocol';
import type { Command } from 'commander';
import { idFault } from '../arguments/id-arguments.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal/terminal.js';
import { version } from '../version.js';

export interface ClientOptions {
  readonly url?: string;
  readonly as?: string;
  readonly token?: string;
}

export const DEFAULT_URL = 'http://127.0.0.1:8080';

export function addClientOptions(command: Command): Command {
  return command
    .option('--url <url>', `address of the server [LONGWIRE_URL; default ${DEFAULT_URL}]`)
    .option('--as <user>', 'user to sign in as, at a server with --auth dev [LONGWIRE_AS]')
    .option('--token <jwt>', 'token to sign in with [LONGWIRE_TOKEN]');
}

/** The reading position that a command uses: each command has its own, so that `tail` does not take messages from `chat`. */
export type DevicePurpose =
  | { readonly kind: 'named'; readonly device: string }
  /** A random id, kept in a file for each command, server and user. */
  | { readonly kind: 'kept'; readonly command: string };

/**
 * Creates a client that signs in with the credentials from the options or the environment.
 * @throws CliFailure if there are none, or they are invalid
 */
export function openClient(
  options: ClientOptions,
  terminal: Terminal,
  reading: { readonly device: DevicePurpose; readonly ackMode: AckMode; readonly closeTimeoutMs?: number },
): LongwireClient {
  const url = serverUrl(options, terminal);
  const token = tokenOf(options, terminal);
  const { device, ackMode, closeTimeoutMs } = reading;
  try {
    return connect({
      url,
      getToken: () => token,
      ackMode,
      closeTimeoutMs,
      // What is printed is what was sent, also where JavaScript cannot hold a number.
      keepBodyText: true,
      client: { name: 'longwire-cli', version },
      ...(device.kind === 'named'
        ? { device: device.device }
        : { deviceStore: fileDeviceStore(deviceFile(device.command, url, terminal)) }),
    });
  } catch (error) {
    if (error instanceof LongwireError) throw new CliFailure(ExitCode.usage, error.message, { cause: error });
    throw error;
  }
}

/** For commands that read nothing and acknowledge nothing: they share one reading position of a user, which never moves. */
const SILENT_DEVICE = 'cli-send';
/** The outcome is known by then, so a server that does not answer the Close frame is not waited for. */
const SILENT_CLOSE_TIMEOUT_MS = 250;

/**
 * As `openClient`, for a command that takes no messages.
 * @throws CliFailure if there are no credentials, or they are invalid
 */
export function openSilentClient(options: ClientOptions, terminal: Terminal): LongwireClient {
  return openClient(options, terminal, {
    device: { kind: 'named', device: SILENT_DEVICE },
    ackMode: 'manual',
    closeTimeoutMs: SILENT_CLOSE_TIMEOUT_MS,
  });
}

export function serverUrl(options: ClientOptions, terminal: Terminal): string {
  return options.url ?? (terminal.environment['LONGWIRE_URL'] || DEFAULT_URL);
}

/** Flags win over the environment; of `--as` and `--token` only one may be given. */
function tokenOf(options: ClientOptions, terminal: Terminal): string {
  if (options.token !== undefined && options.as !== undefined) {
    throw new CliFailure(ExitCode.usage, 'Give either --as (auth dev) or --token (auth jwt), not both');
  }
  const { LONGWIRE_TOKEN, LONGWIRE_AS } = terminal.environment;
  if (options.token !== undefined) return options.token;
  if (options.as !== undefined) return devToken(options.as, '--as');
  if (LONGWIRE_TOKEN) return LONGWIRE_TOKEN;
  if (LONGWIRE_AS) return devToken(LONGWIRE_AS, 'LONGWIRE_AS');
  throw new CliFailure(ExitCode.usage, 'Credentials are missing: give --as alice (auth dev) or --token … (auth jwt)');
}

function devToken(user: string, source: string): string {
  if (parseUserId(user) !== undefined) return `dev:${user}`;
  throw new CliFailure(ExitCode.usage, `${source}: ${idFault('user id', user)}`);
}

/** One small file for each command and server, which holds one device id for each user. */
function deviceFile(command: string, url: string, terminal: Terminal): string {
  const server = url.replace(/^[a-z]+:\/\//i, '').replace(/[^\w.-]+/g, '_');
  return join(deviceFolder(terminal), `${command}-${server}.json`);
}

function deviceFolder({ environment }: Terminal): string {
  const { LONGWIRE_DEVICE_FOLDER, XDG_STATE_HOME } = environment;
  if (LONGWIRE_DEVICE_FOLDER) return LONGWIRE_DEVICE_FOLDER;
  const stateFolder = XDG_STATE_HOME || join(homeFolder(environment), '.local', 'state');
  return join(stateFolder, 'longwire');
}

/** @throws CliFailure if there is none, as in a container whose user has no entry in /etc/passwd */
function homeFolder(environment: Terminal['environment']): string {
  try {
    const home = environment['HOME'] || homedir();
    if (home !== '') return home;
  } catch {
    // `homedir` throws a system error that does not name the variable.
  }
  const need = 'The reading position is kept in a file, and there is no home folder for it: HOME is not set';
  throw new CliFailure(ExitCode.usage, `${need}. Set LONGWIRE_DEVICE_FOLDER to a folder that can be written`);
}
