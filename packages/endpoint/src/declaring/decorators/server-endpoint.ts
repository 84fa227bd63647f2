// @ServerEndpoint: makes an endpoint of a class with decorated handlers.

import { EndpointError } from '../../errors.js';
import type { Session } from '../../session/session.js';
import { type EndpointClass, EndpointDefinition } from '../endpoint-definition.js';
import type { EndpointOptions } from '../endpoint-options.js';
import { declarationOn, decoratedHandlers, metadataOfDecorated } from './decorated-class.js';

/**
 * `unknown` when every public method that takes a `Session<'…'>` may be given one of the template `Path` (or leaves it
 * open: `Session`), else a type that no class has. A decorator cannot see which methods are handlers, so this asks all
 * of them; private and protected ones no type can ask for.
 */
export type WithSessionsOf<Path extends string, Instance> = {
  [Name in keyof Instance]: Instance[Name] extends (...parameters: infer Parameters) => unknown
    ? true extends TakesOtherSession<Path, Parameters>
      ? Name
      : never
    : never;
}[keyof Instance] extends infer Wrong
  ? [Wrong] extends [never]
    ? unknown
    : { readonly 'takes a Session of another path template than the class': Wrong }
  : never;

/** `true` when a parameter names sessions, alone, in a union or optional, and none of them may be of the template. */
type TakesOtherSession<Path extends string, Parameters extends unknown[]> = {
  [Index in keyof Parameters]-?: [Extract<Parameters[Index], Session>] extends [never]
    ? never
    : [Fitting<Path, Extract<Parameters[Index], Session>>] extends [never]
      ? true
      : never;
}[number];

// Either way round: the path may be known as `string` only, and the handler's template by its name.
type Fitting<Path extends string, Named> =
  Named extends Session<Path> ? Named : Session<Path> extends Named ? Named : never;

/** What `@ServerEndpoint` returns: a class decorator in both call shapes. */
export type EndpointClassDecorator<Path extends string, Instance extends object> = <Declared extends Instance>(
  endpointClass: EndpointClass<Declared> & WithSessionsOf<Path, Declared>,
  context?: ClassDecoratorContext<EndpointClass<Declared>>,
) => void;

const definitionKey = Symbol.for('longwire.endpoint.definition');

/**
 * Makes the class an endpoint at `path`, a Level 1 URI template: `@ServerEndpoint('/chat/{room}')`. Each connection
 * gets an instance of its own. Works with TC39 decorators and with `experimentalDecorators`. A public method that takes
 * a `Session` of another template does not compile.
 * ```ts
 * @ServerEndpoint('/chat/{room}')
 * class Chat {
 *   @OnMessage() text(message: string, session: Session<'/chat/{room}'>) {
 *     return `${session.path.room}: ${message}`; // what is returned is sent
 *   }
 * }
 * ```
 * @throws EndpointError when the class is evaluated: invalid_template, duplicate_handler, invalid_handler,
 *   missing_handler, missing_decoder, invalid_codec, unknown_option, invalid_option, constructor_needs_arguments, decorator_misused
 */
export function ServerEndpoint<const Path extends string, Instance extends object = object>(
  path: Path,
  options: EndpointOptions<Instance> = {},
): EndpointClassDecorator<Path, Instance> {
  if (typeof path !== 'string') {
    throw new EndpointError('decorator_misused', 'write @ServerEndpoint("/path") with a path template');
  }
  return (endpointClass: EndpointClass, context?: ClassDecoratorContext): void => {
    const metadata = metadataOfDecorated('ServerEndpoint', endpointClass, context);
    const table = decoratedHandlers(endpointClass, metadata);
    metadata[definitionKey] = new EndpointDefinition(path, endpointClass, table, options as EndpointOptions);
  };
}

/** The definition of a class with `@ServerEndpoint`, or what `defineEndpoint` made; undefined for everything else. */
export function findDefinition(endpoint: unknown): EndpointDefinition | undefined {
  if (endpoint instanceof EndpointDefinition) return endpoint;
  return typeof endpoint === 'function' ? declaredEndpoint(endpoint) : undefined;
}

/** @throws EndpointError not_an_endpoint */
export function definitionOf(endpoint: EndpointClass | EndpointDefinition): EndpointDefinition {
  const definition = findDefinition(endpoint);
  if (definition !== undefined) return definition;
  const given = typeof endpoint === 'function' ? `class ${endpoint.name} without @ServerEndpoint` : typeof endpoint;
  throw new EndpointError(
    'not_an_endpoint',
    `expected a class with @ServerEndpoint or what defineEndpoint returns, got ${given}`,
  );
}

/**
 * The definition that `@ServerEndpoint` left on exactly this class; undefined for undecorated classes and undecorated
 * subclasses.
 */
function declaredEndpoint(endpointClass: object): EndpointDefinition | undefined {
  return declarationOn(endpointClass, definitionKey) as EndpointDefinition | undefined;
}
