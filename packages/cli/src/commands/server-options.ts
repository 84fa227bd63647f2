// The options for the settings of the server, generated from the one table of settings.

import {
  type ConfigSources,
  flagOf,
  type PrintedSetting,
  type SettingKey,
  secretKeys,
  settingKeys,
  settings,
  variableOf,
} from '@longwire/server';
import { type Command, Option } from 'commander';
import { painter, type Terminal, usesColor, writeError } from '../terminal/terminal.js';

/** Adds an option for each of the settings, by default all of them, and `--config`. */
export function addServerOptions(command: Command, keys: readonly SettingKey[] = settingKeys): Command {
  for (const key of keys) {
    const setting = settings[key];
    const { default: byDefault } = setting;
    const shown = byDefault === undefined || Array.isArray(byDefault) ? '' : `; default ${String(byDefault)}`;
    const option = new Option(
      `${flagOf(key)} ${setting.placeholder}`.trimEnd(),
      `${setting.help} [${variableOf(key)}${shown}]`,
    );
    // A list may be one flag with commas, or several flags.
    if (setting.kind === 'list') option.argParser(joinWithComma);
    command.addOption(option);
    if (secretKeys.includes(key)) {
      const fileKey = `${key}File`;
      command.option(`${flagOf(fileKey)} <file>`, `file that holds the secret [${variableOf(fileKey)}]`);
    }
  }
  return command
    .option('--config <file>', 'YAML or JSON file of settings [LONGWIRE_CONFIG]')
    .addOption(new Option('--default-auth <mode>', 'auth if no source sets it').hideHelp());
}

/** The sources of the configuration, as this command was called. */
export function configSources(command: Command, terminal: Terminal): ConfigSources {
  const given = command.opts<Record<string, string | true | undefined>>();
  // A flag of an on-off setting has no value.
  const textOf = (attribute: string) => (given[attribute] === true ? 'true' : given[attribute]);
  const flags: Record<string, string | undefined> = {};
  for (const key of [...settingKeys, ...secretKeys.map((secret) => `${secret}File`)]) {
    flags[key] = textOf(attributeOf(flagOf(key)));
  }
  const defaultAuth = textOf('defaultAuth');
  return {
    flags,
    environment: terminal.environment,
    configFile: textOf('config'),
    workingDirectory: terminal.workingDirectory,
    defaults: defaultAuth === undefined ? {} : { auth: defaultAuth },
  };
}

/** Warns of secrets on the command line, which every user of the machine can read in the list of processes. */
export function warnOfSecretFlags(printed: readonly PrintedSetting[], terminal: Terminal): void {
  const paint = painter(usesColor(terminal, terminal.stderr));
  for (const { key, from } of printed) {
    const flag = flagOf(key);
    if (!secretKeys.includes(key) || from !== flag) continue;
    const advice = `Use ${flag}-file or ${variableOf(key)}`;
    const danger = `${flag} on the command line can be read by every user of this machine`;
    writeError(terminal, `${paint('yellow', 'warning:')} ${danger}. ${advice}`);
  }
}

function joinWithComma(value: string, previous: string | undefined): string {
  return previous === undefined ? value : `${previous},${value}`;
}

/** Commander keeps `--limits-outbox-bytes` as `limitsOutboxBytes`. */
function attributeOf(flag: string): string {
  return new Option(`${flag} <value>`).attributeName();
}
