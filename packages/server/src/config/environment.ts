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

// Kubernetes and Docker links describe a service called "longwire" to its neighbours in variables of these names;
// LONGWIRE_PORT among them, as tcp://10.0.0.1:8080.
const serviceLinkPattern = /^LONGWIRE_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const serviceLinkValue = /^(?:tcp|udp|sctp):\/\//;

/** Reads the settings; a variable that is empty counts as not set, one that is not known is a problem. */
export function readEnvironment(environment: Environment): { settings: RawSetting[]; problems: ConfigProblem[] } {
  const keyOfVariable = new Map<string, string>();
  for (const key of settingKeys) keyOfVariable.set(variableOf(key), key);
  for (const key of secretKeys) keyOfVariable.set(variableOf(`${key}File`), `${key}File`);

  const settings: RawSetting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined || value === '') continue;
    if (otherVariables.includes(name) || serviceLinkPattern.test(name)) continue;
    if (name === 'LONGWIRE_PORT' && serviceLinkValue.test(value)) continue;
    const key = keyOfVariable.get(name);
    if (key !== undefined) {
      settings.push({ key, value, form: 'text', source: { kind: 'environment', name } });
      continue;
    }
    const nearest = nearestName(name, [...keyOfVariable.keys(), ...otherVariables]);
    const hint = nearest === undefined ? 'See `longwire serve --help`' : `Did you mean ${nearest}?`;
    problems.push({ key: undefined, message: `${name} in the environment is not a setting of Longwire. ${hint}` });
  }
  return { settings, problems };
}
