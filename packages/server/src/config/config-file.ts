// Settings from a file, YAML or JSON (which is YAML), and from a program, which has the same shape.

import { parse, YAMLParseError } from 'yaml';
import { invalidConfig } from '../errors.js';
import type { ConfigSource, RawSetting } from './raw-setting.js';
import { readTextFile } from './text-file.js';

/**
 * Reads the settings in a file.
 * @throws ServerError `invalid_config` if it cannot be read, is not YAML or JSON, or is not a mapping
 */
export function readConfigFile(path: string): RawSetting[] {
  const text = readText(path);
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const message = cause instanceof YAMLParseError ? cause.message : 'it cannot be parsed';
    throw invalidConfig([{ key: undefined, message: `${path} is neither YAML nor JSON: ${message}` }], cause);
  }
  if (content === null || content === undefined) return [];
  if (typeof content !== 'object' || Array.isArray(content)) {
    const message = `${path} must hold a mapping of settings such as "port: 8080"`;
    throw invalidConfig([{ key: undefined, message }]);
  }
  return flattenSettings(content, { kind: 'file', path });
}

/** The settings in an object with sections; what is null or undefined counts as not set. */
export function flattenSettings(content: object, source: ConfigSource): RawSetting[] {
  const settings: RawSetting[] = [];
  for (const [name, value] of Object.entries(content)) {
    if (value === null || value === undefined) continue;
    if (typeof value !== 'object' || Array.isArray(value)) {
      settings.push({ key: name, value, form: 'typed', source });
      continue;
    }
    for (const [inner, innerValue] of Object.entries(value)) {
      if (innerValue === null || innerValue === undefined) continue;
      settings.push({ key: `${name}.${inner}`, value: innerValue, form: 'typed', source });
    }
  }
  return settings;
}

function readText(path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalidConfig([{ key: undefined, message: `The configuration file cannot be read: ${reason}` }], cause);
  }
}
