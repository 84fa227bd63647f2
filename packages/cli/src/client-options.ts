// What every client command takes: where the server is and who is asking.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AckMode, connect, type LongwireClient, LongwireError } from '@longwire/client';
import { fileDeviceStore } from '@longwire/client/node';
import { parseUserId } from '@longwire/protocol';
import type { Command } from 'commander';
import { CliFailure, ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { version } from './version.js';

export interface ClientOptions {
  readonly url?: string;
  readonly as?: string;
  readonly token?: string;
}

export const DEFAULT_URL = 'http://127.0.0.1:8080';

export function addClientOptions(command: Command): Command {
  return command
    .option('--url <url>', `address of the server [LONGWIRE_URL; default ${DEFAULT_URL}]`)
    .option('--as <user>', 'user to be, at a server with --auth dev [LONGWIRE_AS]')
    .option('--token <jwt>', 'token to sign in with [LONGWIRE_TOKEN]');
}

/** Whose reading position this is: each command has its own, so that `tail` does not take from `chat`. */
export type DevicePurpose =
  | { readonly kind: 'named'; readonly device: string }
  /** A random id, kept in a file for each command, server and user. */
  | { readonly kind: 'kept'; readonly command: string };

/**
 * Makes a client that signs in as the options and the environment say.
 * @throws CliFailure if they say nothing, or nothing that can be used
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

export function serverUrl(options: ClientOptions, terminal: Terminal): string {
  return options.url ?? (terminal.environment['LONGWIRE_URL'] || DEFAULT_URL);
}

/** Flags before the environment; and what was said in one place must be one thing. */
function tokenOf(options: ClientOptions, terminal: Terminal): string {
  if (options.token !== undefined && options.as !== undefined) {
    throw new CliFailure(ExitCode.usage, 'Give --as (auth dev) or --token (auth jwt), not both');
  }
  const { LONGWIRE_TOKEN, LONGWIRE_AS } = terminal.environment;
  if (options.token !== undefined) return options.token;
  if (options.as !== undefined) return devToken(options.as, '--as');
  if (LONGWIRE_TOKEN) return LONGWIRE_TOKEN;
  if (LONGWIRE_AS) return devToken(LONGWIRE_AS, 'LONGWIRE_AS');
  throw new CliFailure(ExitCode.usage, 'Say who you are: --as alice (auth dev), or --token … (auth jwt)');
}

function devToken(user: string, source: string): string {
  if (parseUserId(user) !== undefined) return `dev:${user}`;
  const rule = 'a user id has 1-128 bytes without spaces, control characters or "/"';
  throw new CliFailure(ExitCode.usage, `${source}: ${rule}, not ${JSON.stringify(user)}`);
}

/** One small file for each command and server; inside, one id for each user. */
function deviceFile(command: string, url: string, { environment }: Terminal): string {
  const { LONGWIRE_DEVICE_FOLDER, XDG_STATE_HOME } = environment;
  const folder = LONGWIRE_DEVICE_FOLDER || join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'longwire');
  const server = url.replace(/^[a-z]+:\/\//i, '').replace(/[^\w.-]+/g, '_');
  return join(folder, `${command}-${server}.json`);
}
