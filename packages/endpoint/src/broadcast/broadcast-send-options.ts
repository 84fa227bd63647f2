// Who does not get one message of a broadcast.
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import { Session } from '../session/session.js';

export interface BroadcastSendOptions<Path extends string = string> {
  /** Who does not get this message: one session, several, or those for which the function says true. */
  readonly except?: Session<Path> | Iterable<Session<Path>> | ((session: Session<Path>) => boolean);
}

/** Nobody is excepted, and nothing to be checked. */
export const toAll = Object.freeze({});

/**
 * A misspelt `except` would send to whom it was to leave out.
 * @throws EndpointError unknown_option, invalid_option
 */
export function refuseWrongSendOptions(options: { readonly except?: unknown }): void {
  if (options === toAll) return;
  refuseUnknownNames(options, ['except'], 'a message of a broadcast');
  const { except } = options;
  if (except === undefined || typeof except === 'function' || except instanceof Session) return;
  // A text can be walked through as well: the id of a session is no session.
  if (typeof except === 'object' && except !== null && Symbol.iterator in except) return;
  const given = except === null ? 'null' : typeof except;
  throw new EndpointError(
    'invalid_option',
    `a message of a broadcast: except is a session, several, or a function that says of which, not ${given}`,
  );
}

/** Undefined where nobody is excepted, or the broadcast has asked the function of the program already. */
export function exceptionTest<Path extends string>({
  except,
}: BroadcastSendOptions<Path>): ((session: Session<Path>) => boolean) | undefined {
  if (except === undefined || typeof except === 'function') return undefined;
  if (!(Symbol.iterator in except)) return (session) => session === except;
  const excepted = new Set(except);
  return (session) => excepted.has(session);
}
