// `longwire send`: one message, stored before the command ends.

import { LongwireError, type SendResult } from '@longwire/client';
import { isAddress } from '@longwire/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client-options.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { parseMilliseconds } from '../milliseconds.js';
import { signIn } from '../sign-in.js';
import { readText, type Terminal, writeLine } from '../terminal.js';

interface SendCommandOptions extends ClientOptions {
  readonly body?: boolean;
  readonly key?: string;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

/** Sending reads nothing and acknowledges nothing, so all sends of a user share one reading position that never moves. */
const SEND_DEVICE = 'cli-send';

/** The outcome is known by then. A server that does not answer the goodbye is not waited for. */
const CLOSE_TIMEOUT_MS = 250;

export function sendCommand(terminal: Terminal): Command {
  const command = new Command('send')
    .description('send a message and print its offset once it is stored')
    .argument('<address>', 'where to, e.g. user/bob', parseAddressArgument)
    .argument('[text]', 'the text; from stdin if left out')
    .option('--body', 'the text is JSON, and is the whole body')
    .option('--key <key>', 'idempotency key: repeated with the same one, the message is stored once')
    .option('--timeout-ms <number>', 'how long to wait, sign-in included', parseTimeout, 30_000)
    .option('--json', 'print where it was stored as one JSON object');
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (address: string, text: string | undefined, options: SendCommandOptions) => {
      const content = text ?? (await readContent(terminal));
      const result = await send(address, content, options, terminal);
      await writeLine(terminal, options.json ? JSON.stringify(result) : String(result.offset));
    });
}

async function send(
  address: string,
  text: string,
  options: SendCommandOptions,
  terminal: Terminal,
): Promise<SendResult> {
  const body = options.body ? parseBody(text) : { text };
  const client = openClient(options, terminal, {
    device: { kind: 'named', device: SEND_DEVICE },
    ackMode: 'manual',
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });
  // Begins before the sign-in: a server that takes connections and says nothing must not hold up a script.
  const signal = AbortSignal.timeout(options.timeoutMs);
  await signIn(client, serverUrl(options, terminal), { signal, durationMs: options.timeoutMs });
  // A connection lost while the send waits is made again; only the end of the time is told.
  client.on('error', () => undefined);
  try {
    return await client.channel(address).send(body, { key: options.key, signal });
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    const aftermath = error.perhapsStored ? `Perhaps stored; repeat with --key ${error.key}` : 'Nothing was stored';
    const message = `Not sent (${error.code}): ${error.message}. ${aftermath}`;
    throw new CliFailure(ExitCode.failed, message, { cause: error });
  } finally {
    await client.close();
  }
}

/** @throws CliFailure if there is nothing: a message without text is made by mistake, such as by a command that failed */
async function readContent(terminal: Terminal): Promise<string> {
  const content = await readText(terminal);
  if (content !== '') return content;
  throw new CliFailure(
    ExitCode.usage,
    "No text came on stdin. Give one there or as an argument ('' for an empty message)",
  );
}

function parseAddressArgument(text: string): string {
  if (isAddress(text)) return text;
  const meant = isAddress(`user/${text}`) ? ` Did you mean user/${text}?` : '';
  throw new InvalidArgumentError(`An address is like user/bob.${meant}`);
}

function parseBody(text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliFailure(ExitCode.usage, `--body: the text is not JSON: ${String(cause)}`, { cause });
  }
}

function parseTimeout(text: string): number {
  return parseMilliseconds(text, { min: 1 });
}

const EXAMPLES = `
Examples:
  longwire send --as alice user/bob 'are you there?'
  longwire send --as alice --body user/bob '{"text":"hi","mentions":["bob"]}' --json
  date | longwire send --as clock user/bob`;
