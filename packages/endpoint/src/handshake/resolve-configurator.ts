// A configurator as the handshake uses it: checked when the endpoint is declared, its hooks bound, its origins compiled.
import { EndpointError } from '../errors.js';
import { assertKnownNames, kindOf } from '../option-checks.js';
import type { Configurator, OriginCheck } from './configurator.js';
import type { HandshakeRequest } from './handshake-request.js';
import { HandshakeHooks } from './hooks.js';
import { OriginList } from './origin.js';

const functionNames = [
  'authenticate',
  'selectSubprotocol',
  'selectExtensions',
  'modifyHandshake',
  'createInstance',
] as const;
const memberNames = ['checkOrigin', 'dangerouslyAllowAnyOrigin', ...functionNames] as const;

/** Every hook can be called without its object; undefined where the default holds. */
export interface ResolvedConfigurator {
  /** Something has to be asked before a handshake can be answered. */
  readonly hasHooks: boolean;
  /** Decides alone. */
  readonly checkOrigin: OriginCheck | undefined;
  readonly allowsAnyOrigin: boolean;
  /** Pages that may connect besides those of the same host. */
  readonly furtherOrigins: OriginList;
  readonly authenticate: Configurator['authenticate'];
  readonly selectSubprotocol: Configurator['selectSubprotocol'];
  readonly selectExtensions: Configurator['selectExtensions'];
  readonly modifyHandshake: Configurator['modifyHandshake'];
  /** @throws (or rejects) refusals, handshake_timeout when the hook's promise does not settle in time */
  readonly createInstance:
    | ((endpointClass: new (...parameters: never[]) => object, request: HandshakeRequest) => object | Promise<object>)
    | undefined;
}

/**
 * @param given  an object, or a class that is constructed once, here
 * @param where  names the endpoint in messages
 * @throws EndpointError unknown_option, invalid_option; what the class's constructor throws
 */
export function resolveConfigurator(
  given: Configurator | (new () => Configurator) | undefined,
  handshakeTimeoutMs: number,
  where: string,
): ResolvedConfigurator {
  const invalid = (reason: string): never => {
    throw new EndpointError('invalid_option', `${where}: ${reason}`);
  };
  // Only undefined stands for none: null may be what a program got where its checks should have been.
  if (given !== undefined && typeof given !== 'function' && (typeof given !== 'object' || given === null)) {
    return invalid(`configurator is an object or a class, not ${kindOf(given)}`);
  }
  // Arrow functions, methods and async functions have none, and cannot be constructed.
  if (typeof given === 'function' && given.prototype === undefined) {
    return invalid('configurator is an object or a class, not a function that makes one: give what it returns');
  }
  const configurator = (typeof given === 'function' ? new given() : (given ?? {})) as Configurator;
  // A hook that is misspelt would silently leave the door open. A class may have other members of its own.
  const prototype: unknown = Object.getPrototypeOf(configurator);
  if (prototype === Object.prototype || prototype === null) {
    assertKnownNames(configurator, memberNames, `${where}: configurator`);
  }
  for (const name of functionNames) {
    if (configurator[name] !== undefined && typeof configurator[name] !== 'function') {
      return invalid(`configurator.${name} is a function`);
    }
  }
  const { checkOrigin, dangerouslyAllowAnyOrigin = false } = configurator;
  if (typeof dangerouslyAllowAnyOrigin !== 'boolean') return invalid('dangerouslyAllowAnyOrigin is true or false');
  if (dangerouslyAllowAnyOrigin && checkOrigin !== undefined) {
    return invalid('checkOrigin and dangerouslyAllowAnyOrigin contradict each other; give one of them');
  }
  if (checkOrigin !== undefined && typeof checkOrigin !== 'function' && !Array.isArray(checkOrigin)) {
    return invalid('configurator.checkOrigin is a function or a list of origins');
  }
  const decides = dangerouslyAllowAnyOrigin ? () => true : checkOrigin;
  const listed = Array.isArray(checkOrigin) ? (checkOrigin as readonly string[]) : [];
  const hooks = [configurator.authenticate, configurator.selectSubprotocol, configurator.selectExtensions];
  return Object.freeze({
    hasHooks:
      [...hooks, configurator.modifyHandshake].some((hook) => hook !== undefined) || typeof decides === 'function',
    checkOrigin: typeof decides === 'function' ? decides.bind(configurator) : undefined,
    allowsAnyOrigin: dangerouslyAllowAnyOrigin,
    furtherOrigins: new OriginList(listed, `${where}: checkOrigin`),
    authenticate: configurator.authenticate?.bind(configurator),
    selectSubprotocol: configurator.selectSubprotocol?.bind(configurator),
    selectExtensions: configurator.selectExtensions?.bind(configurator),
    modifyHandshake: configurator.modifyHandshake?.bind(configurator),
    createInstance: instanceMakerInTime(configurator, handshakeTimeoutMs),
  });
}

/** A session waits for its instance, and would wait without end for a promise that never settles. */
function instanceMakerInTime(configurator: Configurator, limitMs: number): ResolvedConfigurator['createInstance'] {
  const { createInstance } = configurator;
  if (createInstance === undefined) return undefined;
  return (endpointClass, request) =>
    new HandshakeHooks(limitMs).call('createInstance', () => createInstance.call(configurator, endpointClass, request));
}
