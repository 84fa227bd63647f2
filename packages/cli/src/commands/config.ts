// `longwire config print`: the settings that the server would use, and where each value comes from.

import { loadConfig, type PrintedSetting, printConfig } from '@longwire/server';
import { Command } from 'commander';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeError, writeLine } from '../terminal/terminal.js';
import { addServerOptions, configSources, warnOfSecretFlags } from './server-options.js';

export function configCommand(terminal: Terminal): Command {
  const print = new Command('print').description('check the configuration and print it without secrets');
  addServerOptions(print)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly json?: boolean }) => {
      const { settings, warnings } = loadConfig(configSources(print, terminal));
      const printed = printConfig(settings);
      warnOfSecretFlags(printed, terminal);
      for (const warning of warnings) writeError(terminal, warning);
      await writeLine(terminal, printable(options.json ? asJson(printed) : asTable(printed)));
    });
  return new Command('config').description('show the configuration of the server').addCommand(print);
}

function asJson(printed: readonly PrintedSetting[]): string {
  return JSON.stringify(Object.fromEntries(printed.map(({ key, ...rest }) => [key, rest])));
}

function asTable(printed: readonly PrintedSetting[]): string {
  const keyWidth = Math.max(...printed.map(({ key }) => key.length));
  const shown = printed.map(({ key, value, source, from }) => {
    const text = value === null ? '(not set)' : Array.isArray(value) ? value.join(', ') || '(none)' : String(value);
    return { key: key.padEnd(keyWidth), text, from: source === 'default' ? '' : `  from ${from}` };
  });
  const textWidth = Math.max(...shown.filter(({ from }) => from !== '').map(({ text }) => text.length), 0);
  return shown.map(({ key, text, from }) => `${key}  ${from === '' ? text : text.padEnd(textWidth)}${from}`).join('\n');
}

const EXAMPLES = `
Examples:
  longwire config print --config longwire.yaml
  LONGWIRE_PORT=9000 longwire config print --auth dev --json`;
