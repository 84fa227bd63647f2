// Checks the arguments of accept and dial when they are called. In plain JavaScript they may be anything, and a mistake that
// only shows with the first message is hard to find.
import { WebSocketError } from '../errors.js';
import { assertKnownNames } from '../known-names.js';
import { optionNames } from '../options.js';

/**
 * `caller` is named in the message.
 * @throws WebSocketError `invalid_option`
 */
export function assertSettings(settings: object, known: readonly string[], caller: string): void {
  assertKnownNames(settings, known, caller, {
    adviceFor: (name) => (optionNames.includes(name) ? `write { options: { ${name}: … } }` : undefined),
  });
}

/** @throws WebSocketError `invalid_option` */
export function assertHandler(handler: unknown, caller: string): void {
  if ((typeof handler === 'object' && handler !== null) || typeof handler === 'function') return;
  throw new WebSocketError(
    'invalid_option',
    `${caller} needs a handler, an object with onText, onBinary, onClose …, not ${String(handler)}`,
  );
}

/** A string would be taken for a list of one-letter names. @throws WebSocketError `invalid_subprotocol` */
export function assertList(subprotocols: unknown): void {
  if (Array.isArray(subprotocols)) return;
  const given = typeof subprotocols === 'string' ? JSON.stringify(subprotocols) : String(subprotocols);
  throw new WebSocketError('invalid_subprotocol', `subprotocols must be a list of names, not ${given}`);
}
