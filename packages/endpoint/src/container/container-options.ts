// The options of a container, checked and completed.
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import { type UnhandledErrorCallback, type UnhandledErrorContext, unhandledErrorReporter } from './unhandled-error.js';

export interface ContainerOptions {
  /**
   * Development: on loopback, pages of any loopback origin (`http://localhost:5173`) may connect as well. Default
   * false.
   */
  readonly dev?: boolean;
  /**
   * Gets every fault that no error handler of an endpoint took: what handshake hooks and constructors threw, what
   * handlers threw in endpoints without an error handler, what error handlers threw themselves. Default: faults of the
   * program become process warnings (on standard error).
   */
  readonly onUnhandledError?: UnhandledErrorCallback;
}

export interface ResolvedContainerOptions {
  readonly isDev: boolean;
  /** Never throws. */
  readonly reportUnhandled: (error: unknown, context: UnhandledErrorContext) => void;
}

/** @throws EndpointError UNKNOWN_OPTION, INVALID_OPTION */
export function resolveContainerOptions(options: ContainerOptions): ResolvedContainerOptions {
  refuseUnknownNames(options, ['dev', 'onUnhandledError'], 'the container');
  const { dev = false, onUnhandledError } = options;
  if (typeof dev !== 'boolean') throw new EndpointError('INVALID_OPTION', 'the container: dev is true or false');
  if (onUnhandledError !== undefined && typeof onUnhandledError !== 'function') {
    throw new EndpointError('INVALID_OPTION', 'the container: onUnhandledError is a function');
  }
  return Object.freeze({ isDev: dev, reportUnhandled: unhandledErrorReporter(onUnhandledError) });
}
