// `longwire settings`: what a user shows to others, and so sees of them.

import type { LongwireError, UserSettings } from '@longwire/client';
import { Command, Option } from 'commander';
import { addOneCommandOptions, askOnce, type OneCommandOptions } from '../client/one-command.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

type OnOff = 'on' | 'off';

interface SettingsOptions extends OneCommandOptions {
  readonly presence?: OnOff;
  readonly receipts?: OnOff;
  readonly json?: boolean;
}

export function settingsCommand(terminal: Terminal): Command {
  const onOff = (flags: string, description: string) => new Option(flags, description).choices(['on', 'off']);
  const command = new Command('settings')
    .description('show or change what a user shows to others, and so sees of them')
    .addOption(onOff('--presence <on|off>', 'whether the user is online, and was last seen'))
    .addOption(onOff('--receipts <on|off>', 'what the user has received and read'))
    .option('--json', 'print one JSON object');
  return addOneCommandOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: SettingsOptions) => {
      const settings = await changeSettings(options, terminal);
      const lines = [`presence: ${textOf(settings.presence)}`, `receipts: ${textOf(settings.receipts)}`];
      await writeLine(terminal, options.json ? JSON.stringify(settings) : lines.join('\n'));
    });
}

function changeSettings(options: SettingsOptions, terminal: Terminal): Promise<UserSettings> {
  const { presence, receipts } = options;
  const changed = {
    ...(presence === undefined ? {} : { presence: presence === 'on' }),
    ...(receipts === undefined ? {} : { receipts: receipts === 'on' }),
  };
  const failureOf = ({ code, message }: LongwireError) => `No answer (${code}): ${message}`;
  return askOnce(options, terminal, failureOf, (client, signal) => client.settings(changed, { signal }));
}

function textOf(isOn: boolean): OnOff {
  return isOn ? 'on' : 'off';
}

const EXAMPLES = `
Examples:
  longwire settings --as alice
  longwire settings --as alice --presence off --receipts off`;
