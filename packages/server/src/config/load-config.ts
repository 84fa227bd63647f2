// Flags > environment > file > defaults: one loader, which knows for every value where it came from.

import { inspect } from 'node:util';
import { nearestName } from '@longwire/websocket';
import { type ConfigProblem, invalidConfig } from '../errors.js';
import { flattenSettings, readConfigFile } from './config-file.js';
import { configPath } from './config-path.js';
import { type Environment, readEnvironment } from './environment.js';
import { type ConfigSource, describeSource, type RawSetting } from './raw-setting.js';
import { buildServerConfig, type DataLocation, dataLocation, type ServerConfig } from './server-config.js';
import { parseTextValue, parseTypedValue, type Setting, type SettingValue } from './setting.js';
import {
  flagOf,
  isSettingKey,
  type SettingKey,
  type SettingValues,
  secretKeys,
  settingKeys,
  settings,
} from './settings.js';
import { readTextFile } from './text-file.js';

/** Where to look. */
export interface ConfigSources {
  /** Values of flags by key of the setting (`limits.outboxBytes`), or key + `File` for a secret; lists as commas. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** As `process.env`. */
  readonly environment: Environment;
  /** Path given by `--config`; else the environment's LONGWIRE_CONFIG; else there is no file. */
  readonly configFile: string | undefined;
  /** What paths are relative to. */
  readonly workingDirectory: string;
  /** Settings that stand in for defaults, such as `auth: 'dev'` under `npm start`. */
  readonly defaults?: Readonly<Partial<Record<SettingKey, SettingValue>>>;
}

/** One value and where it came from. */
export interface ResolvedSetting {
  readonly key: SettingKey;
  /** Undefined: not set, and there is no default. */
  readonly value: SettingValue | undefined;
  readonly source: ConfigSource;
}

export interface LoadedConfig {
  readonly config: ServerConfig;
  /** Every setting in the order of the table. */
  readonly settings: readonly ResolvedSetting[];
  /** What was ignored, as sentences for the log. */
  readonly warnings: readonly string[];
}

/** A configuration as a program gives it: keys of the settings, sections (`limits`, `sessions`) as objects. */
export type ServerConfigInput = {
  readonly [Key in Exclude<SettingKey, `${string}.${string}`>]?: SettingValues[Key] | undefined;
} & {
  readonly limits?: Partial<ServerConfig['limits']> | undefined;
  readonly sessions?: Partial<ServerConfig['sessions']> | undefined;
  readonly jwtSecretFile?: string | undefined;
};

/**
 * Loads the server's configuration from flags, environment and file.
 * @throws ServerError `invalid_config` with every problem at once: unknown names (with the nearest known one), values out of their range
 *   or of the wrong type (with their source), files that cannot be read, settings that contradict each other
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { layers, problems, foreign } = readLayers(sources);
  return Object.freeze({ ...buildConfig(layers, problems, sources), warnings: warningsOf(foreign) });
}

/**
 * Loads where the data is, and nothing else: for commands that work on the data folder without a server.
 * @throws ServerError `invalid_config`, as `loadConfig` does, but not for what only a server needs
 */
export function loadDataLocation(sources: ConfigSources): DataLocation {
  const { layers, problems } = readLayers(sources);
  const { data } = valuesOf(resolveSettings(layers, problems, sources));
  const location = dataLocation(data, sources, problems);
  if (problems.length > 0) throw invalidConfig(problems);
  return location;
}

/**
 * Makes a server's configuration from the settings a program gives; paths are relative to the working directory.
 * @throws ServerError `invalid_config`, as `loadConfig` does
 */
export function resolveServerConfig(input: ServerConfigInput): ServerConfig {
  const given = flattenSettings(input, { kind: 'program' });
  return buildConfig([given], [], { environment: process.env, workingDirectory: process.cwd() }).config;
}

interface Layers {
  /** From the weakest to the strongest. */
  readonly layers: readonly (readonly RawSetting[])[];
  readonly problems: ConfigProblem[];
  /** Variables that are not settings of Longwire. */
  readonly foreign: readonly string[];
}

function readLayers(sources: ConfigSources): Layers {
  const environment = readEnvironment(sources.environment);
  const configFile = sources.configFile ?? (sources.environment['LONGWIRE_CONFIG'] || undefined);
  const problems = [...environment.problems];
  const reportFile = (message: string) => problems.push({ key: undefined, message });
  const file = configFile === undefined ? [] : readConfigFile(configPath(configFile, sources, reportFile));
  const flags = Object.entries(sources.flags).flatMap(([key, value]): RawSetting[] =>
    value === undefined ? [] : [{ key, value, form: 'text', source: { kind: 'flag', name: flagOf(key) } }],
  );
  return { layers: [file, environment.settings, flags], problems, foreign: environment.foreign };
}

type Surroundings = Pick<ConfigSources, 'environment' | 'workingDirectory' | 'defaults'>;

function buildConfig(
  layers: Layers['layers'],
  problems: ConfigProblem[],
  surroundings: Surroundings,
): Omit<LoadedConfig, 'warnings'> {
  const resolved = resolveSettings(layers, problems, surroundings);
  const config = buildServerConfig(valuesOf(resolved), surroundings, problems);
  if (problems.length > 0) throw invalidConfig(problems);
  return Object.freeze({ config, settings: Object.freeze(resolved) });
}

/** Every setting in the order of the table, each from the strongest layer that has it. */
function resolveSettings(
  layers: Layers['layers'],
  problems: ConfigProblem[],
  surroundings: Surroundings,
): readonly ResolvedSetting[] {
  const resolved = new Map<SettingKey, ResolvedSetting>();
  for (const key of settingKeys) {
    const value = surroundings.defaults?.[key] ?? settings[key].default;
    resolved.set(key, { key, value, source: { kind: 'default' } });
  }
  for (const layer of layers) {
    for (const raw of withoutSecretFiles(layer, surroundings, problems)) {
      const setting = resolveOne(raw, problems);
      if (setting !== undefined) resolved.set(setting.key, setting);
    }
  }
  // With a wrong value among them, the rest would be checked against a default that was not chosen.
  if (problems.length > 0) throw invalidConfig(problems);
  return [...resolved.values()];
}

function valuesOf(resolved: readonly ResolvedSetting[]): SettingValues {
  return Object.fromEntries(resolved.map(({ key, value }) => [key, value])) as SettingValues;
}

function warningsOf(foreign: readonly string[]): readonly string[] {
  if (foreign.length === 0) return [];
  return [`Ignored in the environment, because it is not a setting of Longwire: ${[...foreign].sort().join(', ')}`];
}

function resolveOne(raw: RawSetting, problems: ConfigProblem[]): ResolvedSetting | undefined {
  const from = describeSource(raw.source);
  if (!isSettingKey(raw.key)) {
    const nearest = nearestName(raw.key, [...settingKeys, ...secretKeys.map((key) => `${key}File`)]);
    const hint = nearest === undefined ? 'See `longwire serve --help`' : `Did you mean "${nearest}"?`;
    problems.push({ key: undefined, message: `"${raw.key}" in ${from} is not a setting of Longwire. ${hint}` });
    return undefined;
  }
  const setting: Setting = settings[raw.key];
  const parsed = raw.form === 'text' ? parseTextValue(setting, String(raw.value)) : parseTypedValue(setting, raw.value);
  if (parsed.ok) return { key: raw.key, value: parsed.value, source: raw.source };
  const isSecret = setting.kind === 'text' && setting.isSecret;
  const came = isSecret
    ? ''
    : `, not ${inspect(raw.value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 })}`;
  problems.push({ key: raw.key, message: `${raw.key} (${from}) must be ${parsed.expected}${came}` });
  return undefined;
}

/** Replaces `jwtSecretFile` by `jwtSecret` with what the file holds, without the newline that editors put at its end. */
function withoutSecretFiles(
  layer: readonly RawSetting[],
  surroundings: Surroundings,
  problems: ConfigProblem[],
): RawSetting[] {
  const given = new Set(layer.map((raw) => raw.key));
  return layer.flatMap((raw): RawSetting[] => {
    const key = secretKeys.find((secretKey) => raw.key === `${secretKey}File`);
    if (key === undefined) return [raw];
    const from = describeSource(raw.source);
    if (given.has(key)) {
      problems.push({ key, message: `${key} is given twice, as itself and as a file (${from}). Keep one of them` });
      return [];
    }
    if (typeof raw.value !== 'string') {
      problems.push({ key, message: `${raw.key} (${from}) must be the path of a file` });
      return [];
    }
    try {
      const path = configPath(raw.value, surroundings, (message) => problems.push({ key, message }));
      const value = readTextFile(path).replace(/[\r\n]+$/, '');
      return [{ key, value, form: 'text', source: raw.source }];
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      problems.push({ key, message: `${raw.key} (${from}) cannot be read: ${reason}` });
      return [];
    }
  });
}
