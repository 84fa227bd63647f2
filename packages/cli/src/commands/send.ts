// `longwire send`: sends one message, which is stored when the command ends.

import type { LongwireError, SendResult } from '@longwire/client';
import { isAddress } from '@longwire/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { addOneCommandOptions, askOnce, type OneCommandOptions } from '../client/one-command.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { readText, type Terminal, writeLine } from '../terminal/terminal.js';

interface SendCommandOptions extends OneCommandOptions {
  readonly body?: boolean;
  readonly key?: string;
  readonly json?: boolean;
}

export function sendCommand(terminal: Terminal): Command {
  const command = new Command('send')
    .description('send one message and print its offset once it is stored')
    .argument('<address>', 'the channel, for example user/bob', parseAddressArgument)
    .argument('[text]', 'the text; read from stdin if omitted')
    .option('--body', 'take the text as JSON, for the whole body')
    .option('--key <key>', 'idempotency key: repeats with the same key are stored once')
    .option('--json', 'print the position of the message as one JSON object');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (address: string, text: string | undefined, options: SendCommandOptions) => {
      const content = text ?? (await readContent(terminal));
      const result = await send(address, content, options, terminal);
      await writeLine(terminal, options.json ? printable(JSON.stringify(result)) : String(result.offset));
    });
}

async function send(
  address: string,
  text: string,
  options: SendCommandOptions,
  terminal: Terminal,
): Promise<SendResult> {
  if (options.body) assertJson(text);
  return askOnce(options, terminal, unsentText, (client, signal) => {
    const channel = client.channel(address);
    const sendOptions = { key: options.key, signal };
    return options.body ? channel.sendJson(text, sendOptions) : channel.send({ text }, sendOptions);
  });
}

/** Why a send has failed, for people. */
export function unsentText({ code, key, message, perhapsStored }: LongwireError): string {
  if (!perhapsStored) return `Not sent (${code}): ${message}`;
  return `Perhaps not sent (${code}): ${message}. It may be stored; repeat it with --key ${key}`;
}

/** @throws CliFailure if stdin is empty, which is nearly always a mistake, such as a failed command before the pipe */
async function readContent(terminal: Terminal): Promise<string> {
  const content = await readText(terminal);
  if (content !== '') return content;
  const advice = "Give the text on stdin or as an argument ('' for an empty message)";
  throw new CliFailure(ExitCode.usage, `stdin is empty. ${advice}`);
}

export function parseAddressArgument(text: string): string {
  if (isAddress(text)) return text;
  const composed = text.normalize('NFC');
  const nearest = [composed, `user/${composed}`].find((address) => isAddress(address));
  // A decomposed address looks like the right one.
  const why = composed !== text ? ' and in Unicode normalization form C (NFC)' : '';
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new InvalidArgumentError(`Expected an address such as user/bob${why}.${hint}`);
}

/** Before anything is opened. The text itself is sent, because parsing it changes numbers that JavaScript cannot hold. */
function assertJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new CliFailure(ExitCode.usage, `--body: the text is not valid JSON: ${String(cause)}`, { cause });
  }
}

const EXAMPLES = `
Of text on stdin, one newline at the end is dropped; nothing else is changed.

Examples:
  longwire send --as alice user/bob 'are you there?'
  longwire send --as alice --body user/bob '{"text":"hi","mentions":["bob"]}' --json
  date | longwire send --as clock user/bob`;
