// `longwire settings`: what a user shows to others, and so sees of them.

import { LongwireError, type UserSettings } from '@longwire/client';
import { Command, Option } from 'commander';
import { parseTimeout } from '../arguments/milliseconds.js';
import {
  addClientOptions,
  type ClientOptions,
  openClient,
  SILENT_DEVICE,
  serverUrl,
} from '../client/client-options.js';
import { signIn } from '../client/sign-in.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

type OnOff = 'on' | 'off';

interface SettingsOptions extends ClientOptions {
  readonly presence?: OnOff;
  readonly receipts?: OnOff;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

/** The answer is known by then, so a server that does not answer the Close frame is not waited for. */
const CLOSE_TIMEOUT_MS = 250;

export function settingsCommand(terminal: Terminal): Command {
  const onOff = (flags: string, description: string) => new Option(flags, description).choices(['on', 'off']);
  const command = new Command('settings')
    .description('show or change what a user shows to others, and so sees of them')
    .addOption(onOff('--presence <on|off>', 'whether the user is online, and was last seen'))
    .addOption(onOff('--receipts <on|off>', 'what the user has received and read'))
    .option('--timeout-ms <number>', 'how long to wait, including the sign-in', parseTimeout, 30_000)
    .option('--json', 'print one JSON object');
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: SettingsOptions) => {
      const settings = await changeSettings(options, terminal);
      const lines = [`presence: ${textOf(settings.presence)}`, `receipts: ${textOf(settings.receipts)}`];
      await writeLine(terminal, options.json ? JSON.stringify(settings) : lines.join('\n'));
    });
}

async function changeSettings(options: SettingsOptions, terminal: Terminal): Promise<UserSettings> {
  const client = openClient(options, terminal, {
    device: { kind: 'named', device: SILENT_DEVICE },
    ackMode: 'manual',
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });
  const signal = AbortSignal.timeout(options.timeoutMs);
  await signIn(client, serverUrl(options, terminal), { limit: { signal, durationMs: options.timeoutMs } });
  client.on('error', () => undefined);
  try {
    const { presence, receipts } = options;
    const changed = {
      ...(presence === undefined ? {} : { presence: presence === 'on' }),
      ...(receipts === undefined ? {} : { receipts: receipts === 'on' }),
    };
    return await client.settings(changed, { signal });
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    throw new CliFailure(ExitCode.failed, `No answer (${error.code}): ${error.message}`, { cause: error });
  } finally {
    await client.close();
  }
}

function textOf(isOn: boolean): OnOff {
  return isOn ? 'on' : 'off';
}

const EXAMPLES = `
Examples:
  longwire settings --as alice
  longwire settings --as alice --presence off --receipts off`;
