// What accept and dial check of their settings at the call: plain JavaScript brings anything, and what a first message
// would stumble over is a mistake of the program that nobody finds there.
import { WebSocketError } from '../errors.js';
import { nearestName } from '../nearest-name.js';
import { optionNames } from '../options.js';

/** @throws WebSocketError `invalid_option` for a name that is no setting; `caller` is for the message */
export function refuseUnknownSettings(settings: object, known: readonly string[], caller: string): void {
  if (typeof settings !== 'object' || settings === null) {
    throw new WebSocketError(
      'invalid_option',
      `${caller} needs settings, at least { handler }, not ${String(settings)}`,
    );
  }
  for (const name of Object.keys(settings)) {
    if (known.includes(name)) continue;
    throw new WebSocketError('invalid_option', `${name} is not a setting of ${caller}; ${advice(name, known)}`);
  }
}

function advice(name: string, known: readonly string[]): string {
  if (optionNames.includes(name)) return `write { options: { ${name}: … } }`;
  // Half of the name may be wrong: `protocols` is near to one, `rejectUnauthorized` to none.
  const nearest = nearestName(name, known, Math.floor(name.length / 2));
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`;
}

/** @throws WebSocketError `invalid_option` */
export function refuseMissingHandler(handler: unknown, caller: string): void {
  if ((typeof handler === 'object' && handler !== null) || typeof handler === 'function') return;
  throw new WebSocketError(
    'invalid_option',
    `${caller} needs a handler, an object with onText, onBinary, onClose …, not ${String(handler)}`,
  );
}

/** @throws WebSocketError `invalid_subprotocol`: of a text, each letter would be one */
export function refuseNoList(subprotocols: unknown): void {
  if (Array.isArray(subprotocols)) return;
  const given = typeof subprotocols === 'string' ? JSON.stringify(subprotocols) : String(subprotocols);
  throw new WebSocketError('invalid_subprotocol', `subprotocols must be a list of names, not ${given}`);
}
