// The options of a container, checked and completed.
import { EndpointError } from '../errors.js';
import {
  type ContainerObserver,
  type GuardedObserver,
  guardObserver,
  observerHookNames,
} from '../observing/observer.js';
import { WireLog, wireLog } from '../observing/wire-log.js';
import { assertKnownNames, assertWholeNumber, kindOf } from '../option-checks.js';
import { TrustedProxies } from '../proxies/trusted-proxies.js';
import { type WarningCallback, WarningsOnce } from '../warnings.js';
import { type UnhandledErrorCallback, type UnhandledErrorContext, unhandledErrorReporter } from './unhandled-error.js';

export interface ContainerOptions {
  /**
   * Development: on loopback, pages of any loopback origin (`http://localhost:5173`) may connect as well. Default
   * false.
   */
  readonly dev?: boolean;
  /**
   * Gets every error that no error handler of an endpoint took: what handshake hooks and constructors threw, what
   * handlers threw in endpoints without an error handler, what error handlers threw themselves. Default: errors of the
   * program become process warnings (on standard error); those that end nothing, such as `session.send({})`, once per
   * endpoint and kind of error.
   */
  readonly onUnhandledError?: UnhandledErrorCallback;
  /**
   * Gets what the developers or operators of the program should know, each thing once: a page was refused because of its
   * origin, a handler returned something that is not sent, and the like; `kind` says what. Default: process warnings (on
   * standard error).
   */
  readonly onWarning?: WarningCallback;
  /**
   * Whose word counts about the client behind it: addresses, blocks such as `10.0.0.0/8`, `loopback`, and `unix` for
   * proxies that connect through a Unix socket. Their `Forwarded` header, or `X-Forwarded-For`, `-Proto` and `-Host`,
   * then say what the remote address, `secure` and the host of the origin check are; if a request has both kinds and
   * they contradict each other, neither counts. Default none: from other addresses these headers change nothing. A proxy
   * on the list must overwrite or extend what it writes; let it remove the kind that it does not write.
   */
  readonly trustedProxies?: readonly string[];
  /**
   * How many handshakes may wait for their hooks at once; further ones are answered with 503 and `Retry-After`. Default
   * 1 000: clients that come faster than the hooks can answer must not fill the memory.
   */
  readonly maxPendingHandshakes?: number;
  /**
   * Prints the handshake and every frame of each connection: true to standard error, or where {@link wireLog} says.
   * Shows what messages say: not for production. Default false.
   */
  readonly debug?: boolean | WireLog;
  /** Hooks for metrics and tracing. Default none, at no cost. */
  readonly observer?: ContainerObserver;
}

export interface ResolvedContainerOptions {
  readonly isDev: boolean;
  readonly trustedProxies: TrustedProxies;
  readonly maxPendingHandshakes: number;
  readonly wireLog: WireLog | undefined;
  readonly observer: GuardedObserver | undefined;
  readonly warnings: WarningsOnce;
  /** Never throws. */
  readonly reportUnhandled: (error: unknown, context: UnhandledErrorContext) => void;
}

const optionNames = [
  'dev',
  'onUnhandledError',
  'onWarning',
  'trustedProxies',
  'maxPendingHandshakes',
  'debug',
  'observer',
] as const satisfies readonly (keyof ContainerOptions)[];

/** @throws EndpointError unknown_option, invalid_option */
export function resolveContainerOptions(options: ContainerOptions): ResolvedContainerOptions {
  assertKnownNames(options, optionNames, 'the container');
  const { dev = false, onUnhandledError, onWarning, trustedProxies = [], debug = false } = options;
  const { maxPendingHandshakes = 1_000 } = options;
  if (typeof dev !== 'boolean') throw new EndpointError('invalid_option', 'the container: dev is true or false');
  for (const [name, callback] of Object.entries({ onUnhandledError, onWarning })) {
    if (callback === undefined || typeof callback === 'function') continue;
    throw new EndpointError('invalid_option', `the container: ${name} is a function, not ${kindOf(callback)}`);
  }
  if (!Array.isArray(trustedProxies)) {
    throw new EndpointError('invalid_option', 'the container: trustedProxies is a list of addresses and blocks');
  }
  const range = { min: 1, max: Number.MAX_SAFE_INTEGER };
  assertWholeNumber('maxPendingHandshakes', maxPendingHandshakes, range, 'the container');
  if (typeof debug !== 'boolean' && !(debug instanceof WireLog)) {
    throw new EndpointError('invalid_option', 'the container: debug is true, false or what wireLog(write) returns');
  }
  const warnings = new WarningsOnce(onWarning);
  const toProgram = unhandledErrorReporter(onUnhandledError, warnings);
  const observer = resolveObserver(options.observer, toProgram);
  return Object.freeze({
    isDev: dev,
    trustedProxies: new TrustedProxies(trustedProxies),
    maxPendingHandshakes,
    wireLog: debug === true ? wireLog() : debug || undefined,
    observer,
    warnings,
    reportUnhandled:
      observer?.failed === undefined
        ? toProgram
        : (error: unknown, context: UnhandledErrorContext) => {
            observer.failed?.(error, { ...context, isHandled: false });
            toProgram(error, context);
          },
  });
}

function resolveObserver(
  observer: ContainerObserver | undefined,
  report: (error: unknown, context: UnhandledErrorContext) => void,
): GuardedObserver | undefined {
  if (observer === undefined) return undefined;
  const invalid = (what: string): never => {
    throw new EndpointError('invalid_option', `the container: ${what}`);
  };
  if (typeof observer !== 'object' || observer === null) return invalid('observer is an object with hooks');
  // A hook that is misspelt would never be called. A class may have other members of its own.
  const prototype: unknown = Object.getPrototypeOf(observer);
  if (prototype === Object.prototype || prototype === null) {
    assertKnownNames(observer, observerHookNames, 'the container: observer');
  }
  for (const hook of observerHookNames) {
    if (observer[hook] !== undefined && typeof observer[hook] !== 'function') invalid(`observer.${hook} is a function`);
  }
  return guardObserver(observer, report);
}
