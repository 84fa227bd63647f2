// The handlers of a session are those of the instance that serves it: createInstance may have made a subclass, a mock
// or a proxy, and fields exist on instances only.
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';
import type { DecoratedHandler } from './decorators/endpoint-metadata.js';
import { assertNoneMisspelt } from './endpoint-class.js';
import { type EndpointHandlers, type HandlerTable, handlerNames, handlerTable } from './handlers.js';

/** The handlers that a declaration names, and how to find those of one instance. */
export interface DeclaredHandlers {
  /** Of the class, as far as its prototype has them, or of the object. */
  readonly table: HandlerTable;
  /**
   * Asked once for each instance; gives `table` itself where the instance has the same.
   * @throws EndpointError invalid_instance when it lacks a handler that the declaration names, missing_handler when a
   *   field of the first one is nearly named like a handler
   */
  of(instance: object): HandlerTable;
}

/** Of an endpoint that is an object, which is its own instance. */
export function handlersOfObject(table: HandlerTable): DeclaredHandlers {
  return { table, of: () => table };
}

/** Of a class without decorators: whatever its instance has under the names of handlers. */
export function handlersByName(table: HandlerTable, where: string): DeclaredHandlers {
  let isFirst = true;
  return {
    table,
    of(instance) {
      // Fields exist on instances only, and the first one shows their names.
      if (isFirst) assertNoneMisspelt(Object.keys(instance), where);
      isFirst = false;
      if (hasSameNamed(instance as EndpointHandlers, table)) return table;
      const named = instance as Readonly<Record<string, unknown>>;
      return handlerTable((kind) => {
        const handler = named[handlerNames[kind]];
        if (handler === undefined && table[kind] === undefined) return undefined;
        return callable(handler, handlerNames[kind], where);
      });
    },
  };
}

/** Of a class with decorators: what its instance has under the names of the decorated methods. */
export function handlersByDecorator(
  table: HandlerTable,
  decorated: Iterable<DecoratedHandler>,
  where: string,
): DeclaredHandlers {
  const handlers = [...decorated];
  return {
    table,
    of(instance) {
      let isSame = true;
      for (const { kind, name, isPrivate, read } of handlers) {
        if (isPrivate) callable(readPrivate(read, instance), name, where);
        else if (read(instance) !== table[kind]) isSame = false;
      }
      if (isSame) return table;
      return handlerTable((kind) => {
        const handler = handlers.find((one) => one.kind === kind);
        // The function in the table finds a private method on its instance itself.
        if (handler === undefined || handler.isPrivate) return table[kind];
        return callable(handler.read(instance), handler.name, where);
      });
    },
  };
}

// Asked for each session of a class, so written out: a loop would look each name up by a computed key.
function hasSameNamed(instance: EndpointHandlers, table: HandlerTable): boolean {
  return (
    (instance.onOpen as unknown) === table.open &&
    (instance.onText as unknown) === table.text &&
    (instance.onBinary as unknown) === table.binary &&
    (instance.onPong as unknown) === table.pong &&
    (instance.onObject as unknown) === table.object &&
    (instance.onTextPart as unknown) === table.textPart &&
    (instance.onBinaryPart as unknown) === table.binaryPart &&
    (instance.onTextStream as unknown) === table.textStream &&
    (instance.onBinaryStream as unknown) === table.binaryStream &&
    (instance.onClose as unknown) === table.close &&
    (instance.onError as unknown) === table.error &&
    (instance.onDrain as unknown) === table.drain
  );
}

/** Only an instance of the very class has its private methods: a proxy around one has not. */
function readPrivate(read: DecoratedHandler['read'], instance: object): unknown {
  try {
    return read(instance);
  } catch {
    return undefined;
  }
}

function callable(handler: unknown, name: string | symbol, where: string): unknown {
  if (typeof handler === 'function') return handler;
  throw new EndpointError(
    'invalid_instance',
    `${where}: the instance must have the handler "${String(name)}" as a function, and has ${kindOf(handler)}`,
  );
}
