// The configuration as people may see it: every value with its source, no secret.

import type { ResolvedSetting } from './load-config.js';
import { type ConfigSource, describeSource } from './raw-setting.js';
import type { Setting, SettingValue } from './setting.js';
import { type SettingKey, settings } from './settings.js';

export interface PrintedSetting {
  readonly key: SettingKey;
  /** `[redacted]` for a secret that is set; null for what is not set. */
  readonly value: SettingValue | null;
  /** `flag`, `environment`, `file`, `program` or `default`. */
  readonly source: ConfigSource['kind'];
  /** Name of the flag or variable, path of the file. */
  readonly from: string;
}

/** What `longwire config print` shows, in the order of the table. */
export function printConfig(resolved: readonly ResolvedSetting[]): PrintedSetting[] {
  return resolved.map(({ key, value, source }) => {
    const setting: Setting = settings[key];
    const isSecret = setting.kind === 'text' && setting.isSecret;
    const shown = isSecret && value !== undefined ? '[redacted]' : (value ?? null);
    return { key, value: shown, source: source.kind, from: describeSource(source) };
  });
}
