// `longwire block` and `longwire unblock`: what a user decides about another one.

import { LongwireError } from '@longwire/client';
import { Command } from 'commander';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { parseMilliseconds } from '../arguments/milliseconds.js';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client/client-options.js';
import { signIn } from '../client/sign-in.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal/terminal.js';

interface BlockCommandOptions extends ClientOptions {
  readonly timeoutMs: number;
}

/** It reads nothing and acknowledges nothing, as `send`. */
const DEVICE = 'cli-send';
const CLOSE_TIMEOUT_MS = 250;

export function blockCommand(terminal: Terminal): Command {
  const command = new Command('block')
    .description('block a user: no messages, signals or presence pass between you two any more')
    .addHelpText('after', BLOCK_EXAMPLES);
  return addTo(command, 'block', terminal);
}

export function unblockCommand(terminal: Terminal): Command {
  const command = new Command('unblock').description('end a block of yours').addHelpText('after', UNBLOCK_EXAMPLES);
  return addTo(command, 'unblock', terminal);
}

function addTo(command: Command, type: 'block' | 'unblock', terminal: Terminal): Command {
  command
    .argument('<user>', 'user id', parseUserArgument)
    .option(
      '--timeout-ms <number>',
      'how long to wait, including the sign-in',
      (text) => parseMilliseconds(text, { min: 1 }),
      30_000,
    );
  return addClientOptions(command).action((user: string, options: BlockCommandOptions) =>
    setBlock(type, user, options, terminal),
  );
}

async function setBlock(
  type: 'block' | 'unblock',
  user: string,
  options: BlockCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const client = openClient(options, terminal, {
    device: { kind: 'named', device: DEVICE },
    ackMode: 'manual',
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });
  const signal = AbortSignal.timeout(options.timeoutMs);
  await signIn(client, serverUrl(options, terminal), { limit: { signal, durationMs: options.timeoutMs } });
  // The SDK reconnects when the connection is lost; only the outcome is reported.
  client.on('error', () => undefined);
  try {
    await (type === 'block' ? client.block(user, { signal }) : client.unblock(user, { signal }));
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    throw new CliFailure(ExitCode.failed, `Not ${type}ed (${error.code}): ${error.message}`, { cause: error });
  } finally {
    await client.close();
  }
}

const BLOCK_EXAMPLES = `
What was written before stays readable. To keep a user from the whole server, an operator uses: longwire users block.

Examples:
  longwire block --as alice mallory`;

const UNBLOCK_EXAMPLES = `
Examples:
  longwire unblock --as alice mallory`;
