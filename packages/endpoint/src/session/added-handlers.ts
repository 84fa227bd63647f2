// The message handlers that were added to one session while it was open.

import type { HandlerKind, HandlerTable } from '../declaring/handlers.js';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import { assertOneHandlerEach, handlerKindOf } from '../declaring/message-routes.js';
import { EndpointError } from '../errors.js';
import type { Codecs } from '../messages/codecs.js';
import { kindOf } from '../option-checks.js';
import type { AnyMessageHandler } from './session-control.js';

const where = 'addMessageHandler';

export class AddedHandlers {
  readonly #codecs: Codecs;
  readonly #byKind = new Map<HandlerKind, AnyMessageHandler>();

  constructor(codecs: Codecs) {
    this.#codecs = codecs;
  }

  /**
   * Gives the table with the handler in it.
   * @throws EndpointError duplicate_handler, missing_decoder, invalid_handler, invalid_option, unknown_option
   */
  add(table: HandlerTable, options: MessageHandlerOptions, handler: AnyMessageHandler): HandlerTable {
    if (typeof options !== 'object' || options === null) {
      throw new EndpointError('invalid_option', `${where}: options such as { kind: "text" } come first`);
    }
    const kind = handlerKindOf(options, where);
    if (typeof handler !== 'function') {
      throw new EndpointError('invalid_handler', `${where}: a handler is a function, not ${kindOf(handler)}`);
    }
    assertNone(table, kind);
    const extended = { ...table, [kind]: handler } as HandlerTable;
    assertOneHandlerEach(extended, this.#codecs, where);
    this.#byKind.set(kind, handler);
    return extended;
  }

  /**
   * Gives the table with all of them in it.
   * @throws EndpointError duplicate_handler, missing_decoder
   */
  over(table: HandlerTable): HandlerTable {
    for (const kind of this.#byKind.keys()) assertNone(table, kind);
    const extended = { ...table, ...Object.fromEntries(this.#byKind) } as HandlerTable;
    assertOneHandlerEach(extended, this.#codecs, where);
    return extended;
  }

  /** Gives the table without the handler, undefined if it was not added. */
  remove(table: HandlerTable, handler: AnyMessageHandler): HandlerTable | undefined {
    for (const [kind, added] of this.#byKind) {
      if (added !== handler) continue;
      this.#byKind.delete(kind);
      return { ...table, [kind]: undefined };
    }
    return undefined;
  }

  list(): AnyMessageHandler[] {
    return [...this.#byKind.values()];
  }
}

function assertNone(table: HandlerTable, kind: HandlerKind): void {
  if (table[kind] === undefined) return;
  throw new EndpointError('duplicate_handler', `${where}: the session has a handler for "${kind}" already`);
}
