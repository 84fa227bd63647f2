// Settings from the environment: every variable that begins with LONGWIRE_.

import { nearestName } from '@longwire/websocket';
import type { ConfigProblem } from '../errors.js';
import type { RawSetting } from './raw-setting.js';
import { secretKeys, settingKeys, variableOf } from './settings.js';

/** Names and values, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'LONGWIRE_';

/** Variables that are not the server's: the file of its settings, and what the client commands read. */
const otherVariables = ['LONGWIRE_CONFIG', 'LONGWIRE_URL', 'LONGWIRE_TOKEN', 'LONGWIRE_AS', 'LONGWIRE_DEVICE_FOLDER'];

// Kubernetes and Docker links describe services to their neighbours in variables of these names: the service "longwire" by
// LONGWIRE_SERVICE_HOST, and by LONGWIRE_PORT as tcp://10.0.0.1:8080; "longwire-metrics" by LONGWIRE_METRICS_SERVICE_HOST.
const ownLinkPattern = /^LONGWIRE_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const otherLinkPattern = /_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const linkValuePattern = /^(?:tcp|udp|sctp):\/\//;

export interface EnvironmentSettings {
  readonly settings: RawSetting[];
  /** Variables whose names resemble a setting's. */
  readonly problems: ConfigProblem[];
  /** Other variables with the prefix: not of Longwire, and ignored. */
  readonly foreign: string[];
}

/** Reads the settings; a variable that is empty counts as not set. */
export function readEnvironment(environment: Environment): EnvironmentSettings {
  const keyOfVariable = new Map<string, string>();
  for (const key of settingKeys) keyOfVariable.set(variableOf(key), key);
  for (const key of secretKeys) keyOfVariable.set(variableOf(`${key}File`), `${key}File`);
  const names = [...keyOfVariable.keys(), ...otherVariables].map(withoutPrefix);

  const settings: RawSetting[] = [];
  const problems: ConfigProblem[] = [];
  const foreign: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined || value === '') continue;
    const isLinkValue = linkValuePattern.test(value);
    if (otherVariables.includes(name) || ownLinkPattern.test(name) || (name === 'LONGWIRE_PORT' && isLinkValue))
      continue;
    const key = keyOfVariable.get(name);
    if (key !== undefined) {
      settings.push({ key, value, form: 'text', source: { kind: 'environment', name } });
      continue;
    }
    // Without the prefix, which would count as resemblance.
    const nearest = isLinkValue || otherLinkPattern.test(name) ? undefined : nearestName(withoutPrefix(name), names);
    if (nearest === undefined) {
      foreign.push(name);
      continue;
    }
    const message = `${name} in the environment is not a setting of Longwire. Did you mean ${PREFIX}${nearest}?`;
    problems.push({ key: undefined, message });
  }
  return { settings, problems, foreign };
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}
