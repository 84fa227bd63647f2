// The kinds of settings there are, and how the raw value of each is read, from text or from a file's values.

interface SettingText {
  /** One line for `--help` and the reference. */
  readonly help: string;
  /** What stands for the value in `--help`, e.g. `<port>`. */
  readonly placeholder: string;
}

export interface IntegerSetting extends SettingText {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface TextSetting<Default extends string | undefined = string | undefined> extends SettingText {
  readonly kind: 'text';
  readonly default: Default;
  /** Never printed; may also be given as the path of a file that holds it (`…File`, `…-file`, `…_FILE`). */
  readonly isSecret: boolean;
}

export interface ChoiceSetting<Choice extends string = string, Default extends Choice | undefined = Choice | undefined>
  extends SettingText {
  readonly kind: 'choice';
  readonly default: Default;
  readonly choices: readonly Choice[];
}

export interface ListSetting extends SettingText {
  readonly kind: 'list';
  readonly default: readonly string[];
}

/** On or off; a flag alone is on. */
export interface SwitchSetting extends SettingText {
  readonly kind: 'switch';
  readonly default: boolean;
}

export type Setting = IntegerSetting | TextSetting | ChoiceSetting | ListSetting | SwitchSetting;

/** The value a setting of type `S` ends up with. */
export type ValueOf<S extends Setting> = S extends IntegerSetting
  ? number
  : S extends TextSetting<infer Default>
    ? string | Default
    : S extends ChoiceSetting<infer Choice, infer Default>
      ? Choice | Default
      : S extends ListSetting
        ? readonly string[]
        : S extends SwitchSetting
          ? boolean
          : never;

export type SettingValue = string | number | boolean | readonly string[];

export type ParsedValue =
  | { readonly ok: true; readonly value: SettingValue }
  | { readonly ok: false; readonly expected: string };

/** Reads a value that a flag or a variable of the environment gave as text; lists are separated by commas. */
export function parseTextValue(setting: Setting, text: string): ParsedValue {
  switch (setting.kind) {
    case 'integer':
      return checkInteger(setting, /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN);
    case 'text':
    case 'choice':
      return checkText(setting, text);
    case 'list':
      return checkList(text.split(',').map((item) => item.trim()));
    case 'switch':
      return checkSwitch(text === 'true' ? true : text === 'false' ? false : text);
  }
}

/** Reads a value that came with a type of its own, from a file or from a program. */
export function parseTypedValue(setting: Setting, value: unknown): ParsedValue {
  switch (setting.kind) {
    case 'integer':
      return checkInteger(setting, value);
    case 'text':
    case 'choice':
      return checkText(setting, value);
    case 'list':
      return checkList(typeof value === 'string' ? [value] : value);
    case 'switch':
      return checkSwitch(value);
  }
}

/** What a setting takes, in words: `an integer from 0 to 65535`. */
export function expectedValue(setting: Setting): string {
  switch (setting.kind) {
    case 'integer':
      return `an integer from ${setting.min} to ${setting.max}`;
    case 'text':
      return 'a text that is not empty';
    case 'choice':
      return `one of ${setting.choices.join(', ')}`;
    case 'list':
      return 'a list of texts';
    case 'switch':
      return 'true or false';
  }
}

function checkInteger(setting: IntegerSetting, value: unknown): ParsedValue {
  const isInRange = Number.isSafeInteger(value) && (value as number) >= setting.min && (value as number) <= setting.max;
  return isInRange ? { ok: true, value: value as number } : { ok: false, expected: expectedValue(setting) };
}

function checkText(setting: TextSetting | ChoiceSetting, value: unknown): ParsedValue {
  const isText = typeof value === 'string' && value !== '';
  const isKnown = isText && (setting.kind === 'text' || setting.choices.includes(value));
  return isKnown ? { ok: true, value } : { ok: false, expected: expectedValue(setting) };
}

function checkList(value: unknown): ParsedValue {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  return isList
    ? { ok: true, value: Object.freeze([...(value as string[])]) }
    : { ok: false, expected: 'a list of texts' };
}

function checkSwitch(value: unknown): ParsedValue {
  return typeof value === 'boolean' ? { ok: true, value } : { ok: false, expected: 'true or false' };
}
