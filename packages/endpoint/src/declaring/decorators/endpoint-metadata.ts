// Where decorators leave what they saw: the metadata object of the class, the same one in both decorator modes.
import { EndpointError } from '../../errors.js';
import type { HandlerKind } from '../handlers.js';

// TC39 decorator metadata: https://github.com/tc39/proposal-decorator-metadata. Compilers read the symbol when a
// decorated class is evaluated, which is after this module, because the class imports its decorators.
if (Symbol.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}

/**
 * One decorated method. `read` finds the function on an instance: by name, so that an override counts, or through the
 * class's private access.
 */
export interface DecoratedHandler {
  readonly kind: HandlerKind;
  readonly name: string | symbol;
  readonly isPrivate: boolean;
  readonly read: (instance: object) => unknown;
}

// A registered symbol: a second copy of this package reads the same declarations.
const declarationKey = Symbol.for('longwire.endpoint.handlers');

/**
 * The metadata of a class for decorators that get no context (`experimentalDecorators`); made when it has none of its
 * own.
 */
export function metadataOfClass(decorated: object): DecoratorMetadataObject {
  const holder = decorated as { [Symbol.metadata]?: DecoratorMetadataObject | null };
  if (Object.hasOwn(holder, Symbol.metadata) && holder[Symbol.metadata]) return holder[Symbol.metadata]!;
  // As in the proposal: a subclass's metadata inherits from its parent's.
  const metadata = Object.create(holder[Symbol.metadata] ?? null) as DecoratorMetadataObject;
  Object.defineProperty(holder, Symbol.metadata, { value: metadata, configurable: true, writable: true });
  return metadata;
}

/**
 * Remembers a decorated method. @throws EndpointError duplicate_handler when the same class has one of this kind
 * already
 */
export function declareHandler(metadata: DecoratorMetadataObject, handler: DecoratedHandler): void {
  const own = Object.hasOwn(metadata, declarationKey) ? (metadata[declarationKey] as DecoratedHandler[]) : [];
  const twin = own.find((other) => other.kind === handler.kind);
  if (twin !== undefined) throw duplicateHandler(handler, twin);
  metadata[declarationKey] = [...own, handler];
}

/**
 * The decorated methods of a class and of those it extends. A method that overrides an inherited handler under the same
 * name takes its place, decorated or not. @throws EndpointError duplicate_handler when parent and subclass handle one
 * kind under two names
 */
export function declaredHandlers(metadata: DecoratorMetadataObject): ReadonlyMap<HandlerKind, DecoratedHandler> {
  const found = new Map<HandlerKind, DecoratedHandler>();
  for (let level: DecoratorMetadataObject | null = metadata; level !== null; level = Object.getPrototypeOf(level)) {
    if (!Object.hasOwn(level, declarationKey)) continue;
    for (const handler of level[declarationKey] as DecoratedHandler[]) {
      const nearer = found.get(handler.kind);
      if (nearer !== undefined && (nearer.name !== handler.name || handler.isPrivate))
        throw duplicateHandler(nearer, handler);
      if (nearer === undefined) found.set(handler.kind, handler);
    }
  }
  return found;
}

function duplicateHandler(handler: DecoratedHandler, twin: DecoratedHandler): EndpointError {
  return new EndpointError(
    'duplicate_handler',
    `"${String(handler.name)}" and "${String(twin.name)}" both handle "${handler.kind}"; an endpoint has one handler of each kind`,
  );
}
