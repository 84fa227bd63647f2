// What a group says of itself and how it is joined, read and written to: kept as JSON text beside its rights.

import type { GroupSettings, GroupSettingsChange } from '@longwire/protocol';

/** Settings that cannot be read leave the group to its owners and admins. */
const UNREADABLE: GroupSettings = Object.freeze({ joining: 'closed', history: 'joining', posting: 'admins' });
const DEFAULTS: GroupSettings = Object.freeze({});
/** Of settings that always have a value. Kept settings do not have them. */
const DEFAULT_VALUES: Readonly<Record<string, unknown>> = Object.freeze({
  joining: 'closed',
  history: 'joining',
  posting: 'members',
});

/** Of the text last asked for: a group is written to again and again. */
let latest: { readonly text: string; readonly settings: GroupSettings } | undefined;

export function groupSettingsFrom(text: string | undefined): GroupSettings {
  if (text === undefined) return DEFAULTS;
  if (latest?.text !== text) latest = { text, settings: parse(text) };
  return latest.settings;
}

function parse(text: string): GroupSettings {
  try {
    return (JSON.parse(text) as GroupSettings | null) ?? DEFAULTS;
  } catch {
    return UNREADABLE;
  }
}

/** The settings that a change leaves: what is undefined stays, what is null or the default has its default again. */
export function changedSettings(settings: GroupSettings, change: GroupSettingsChange): GroupSettings {
  const changed: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === DEFAULT_VALUES[name]) delete changed[name];
    else if (value !== undefined) changed[name] = value;
  }
  return changed;
}

/** The settings among the fields of a command, each that is there. */
export function settingsAmong<Change extends GroupSettingsChange>(fields: Change): GroupSettingsChange {
  const { title, description, picture, metadata, joining, history, posting } = fields;
  return { title, description, picture, metadata, joining, history, posting };
}
