// The options of the server's settings, made from the one table of them.

import {
  type ConfigSources,
  flagOf,
  type SettingKey,
  secretKeys,
  settingKeys,
  settings,
  variableOf,
} from '@longwire/server';
import { type Command, Option } from 'commander';
import type { Terminal } from '../terminal.js';

/** Adds an option for each of the settings, all unless told, and `--config`. */
export function addServerOptions(command: Command, keys: readonly SettingKey[] = settingKeys): Command {
  for (const key of keys) {
    const setting = settings[key];
    const { default: byDefault } = setting;
    const shown = byDefault === undefined || Array.isArray(byDefault) ? '' : `; default ${String(byDefault)}`;
    const option = new Option(`${flagOf(key)} ${setting.placeholder}`, `${setting.help} [${variableOf(key)}${shown}]`);
    // A list may be one flag with commas, or several flags.
    if (setting.kind === 'list') option.argParser(joinWithComma);
    command.addOption(option);
    if (secretKeys.includes(key)) {
      const fileKey = `${key}File`;
      command.option(`${flagOf(fileKey)} <file>`, `file that holds it [${variableOf(fileKey)}]`);
    }
  }
  return command
    .option('--config <file>', 'YAML or JSON file of settings [LONGWIRE_CONFIG]')
    .addOption(new Option('--default-auth <mode>', 'auth if no source has one').hideHelp());
}

/** Where `loadConfig` has to look, as this command was called. */
export function configSources(command: Command, terminal: Terminal): ConfigSources {
  const given = command.opts<Record<string, string | undefined>>();
  const flags: Record<string, string | undefined> = {};
  for (const key of [...settingKeys, ...secretKeys.map((secret) => `${secret}File`)]) {
    flags[key] = given[attributeOf(flagOf(key))];
  }
  const defaultAuth = given['defaultAuth'];
  return {
    flags,
    environment: terminal.environment,
    configFile: given['config'],
    workingDirectory: terminal.workingDirectory,
    defaults: defaultAuth === undefined ? {} : { auth: defaultAuth },
  };
}

function joinWithComma(value: string, previous: string | undefined): string {
  return previous === undefined ? value : `${previous},${value}`;
}

/** Commander keeps `--limits-outbox-bytes` as `limitsOutboxBytes`. */
function attributeOf(flag: string): string {
  return new Option(`${flag} <value>`).attributeName();
}
