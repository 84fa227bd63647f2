// What the decorators of classes share: reading the decorated handlers, and leaving a definition on the class.
import { EndpointError } from '../../errors.js';
import { assertDecoratedHandlers } from '../endpoint-class.js';
import type { EndpointClass } from '../endpoint-definition.js';
import { handlerTable } from '../handlers.js';
import { type DeclaredHandlers, handlersByDecorator } from '../instance-handlers.js';
import { type DecoratedHandler, declaredHandlers, metadataOfClass } from './endpoint-metadata.js';

/**
 * Where a class decorator leaves what it makes, in both call shapes: with a context under TC39, without one under
 * `experimentalDecorators`. @throws EndpointError decorator_misused
 */
export function metadataOfDecorated(
  decorator: string,
  endpointClass: unknown,
  context: ClassDecoratorContext | undefined,
): DecoratorMetadataObject {
  if (typeof endpointClass !== 'function' || (context !== undefined && context.kind !== 'class')) {
    throw new EndpointError('decorator_misused', `@${decorator} is for classes`);
  }
  return context?.metadata ?? metadataOfClass(endpointClass);
}

/** What a class decorator left under `key` on exactly this class, not on one that it extends. */
export function declarationOn(endpointClass: object, key: symbol): unknown {
  if (!Object.hasOwn(endpointClass, Symbol.metadata)) return undefined;
  const metadata = (endpointClass as { [Symbol.metadata]?: DecoratorMetadataObject | null })[Symbol.metadata];
  return metadata && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

/** @throws EndpointError duplicate_handler, invalid_handler, missing_handler */
export function decoratedHandlers(endpointClass: EndpointClass, metadata: DecoratorMetadataObject): DeclaredHandlers {
  const handlers = declaredHandlers(metadata);
  const table = handlerTable((kind) => {
    const handler = handlers.get(kind);
    return handler && callable(handler, endpointClass);
  });
  assertDecoratedHandlers(
    endpointClass,
    table,
    [...handlers.values()].map(({ name }) => name),
  );
  return handlersByDecorator(table, handlers.values(), `endpoint ${endpointClass.name}`);
}

/**
 * The function behind a decorated method: what the prototype has now, after all decorators; private methods exist on
 * instances only.
 */
function callable(handler: DecoratedHandler, endpointClass: EndpointClass): unknown {
  if (handler.isPrivate) {
    return function (this: object, ...parameters: unknown[]): unknown {
      return (handler.read(this) as (...parameters: unknown[]) => unknown).apply(this, parameters);
    };
  }
  const method = handler.read(endpointClass.prototype as object);
  if (typeof method === 'function') return method;
  throw new EndpointError(
    'invalid_handler',
    `endpoint ${endpointClass.name}: "${String(handler.name)}" is not a method`,
  );
}
