// The levels of a topic. Any text that MQTT, Pusher or Centrifugo accepts as part of a name can be a level: what an address
// cannot contain is escaped. Each level has one spelling, so addresses are still compared byte for byte.

import { fieldLimits } from '../catalogue/limits.js';
import { fitsUtf8Bytes } from '../codec/utf8.js';

/** The spelling of an empty level. No level has U+0000 in it, as in MQTT (OASIS MQTT 3.1.1, §1.5.3). */
const emptyLevel = '%00';

// What is escaped, by its UTF-8 bytes: `%` itself, the wildcards, and what ids cannot have either.
const escaped = /[%+#\p{Cc}\s]/u;
const allEscaped = new RegExp(escaped, 'gu');
const impossible = /[\0\p{Cs}/]/u;

/** The levels of `name`, unescaped; undefined if it is not the name of a topic. */
export function parseTopicLevels(name: string): readonly string[] | undefined {
  if (!fitsUtf8Bytes(name, fieldLimits.topicBytes)) return undefined;
  const parts = name.split('/');
  if (parts.length > fieldLimits.topicLevels) return undefined;
  const levels: string[] = [];
  for (const part of parts) {
    const level = parseLevel(part);
    if (level === undefined) return undefined;
    levels.push(level);
  }
  return levels;
}

/** The name of the topic with these levels. */
export function formatTopicLevels(levels: readonly string[]): string {
  return levels.map(formatLevel).join('/');
}

function parseLevel(part: string): string | undefined {
  if (part === emptyLevel) return '';
  if (part === '' || !fitsUtf8Bytes(part, fieldLimits.topicLevelBytes)) return undefined;
  const level = part.includes('%') ? unescaped(part) : part;
  if (level === undefined || impossible.test(level) || level.normalize('NFC') !== level) return undefined;
  return formatLevel(level) === part ? level : undefined;
}

function formatLevel(level: string): string {
  if (level === '') return emptyLevel;
  return escaped.test(level) ? level.replace(allEscaped, encodeURIComponent) : level;
}

function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
