// How messages of a kind are delivered, and which handlers rule each other out.
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import type { Codecs } from '../messages/codecs.js';
import { type HandlerKind, type HandlerTable, handlerNames } from './handlers.js';
import type { MessageHandlerOptions } from './message-handler.js';

/** The handlers of which a session has one at most. */
export const textKinds = ['text', 'textPart', 'textStream'] as const;
export const binaryKinds = ['binary', 'binaryPart', 'binaryStream'] as const;

const kindsByDelivery = {
  text: { whole: 'text', parts: 'textPart', stream: 'textStream' },
  binary: { whole: 'binary', parts: 'binaryPart', stream: 'binaryStream' },
} as const;

/** @throws EndpointError unknown_option, invalid_option. `where` is for messages. */
export function handlerKindOf(options: MessageHandlerOptions, where: string): HandlerKind {
  refuseUnknownNames(options, ['kind', 'delivery'], where);
  const { kind = 'text', delivery = 'whole' } = options;
  if (delivery !== 'whole' && delivery !== 'parts' && delivery !== 'stream') {
    throw invalid(where, `delivery is "whole", "parts" or "stream", not ${JSON.stringify(delivery)}`);
  }
  if (kind === 'text' || kind === 'binary') return kindsByDelivery[kind][delivery];
  if (kind !== 'pong' && kind !== 'object') {
    throw invalid(where, `kind is "text", "binary", "pong" or "object", not ${JSON.stringify(kind)}`);
  }
  if (delivery !== 'whole') throw invalid(where, `delivery is for text and binary messages; "${kind}" is always whole`);
  return kind;
}

/**
 * Refuses handlers of which a message could reach only one.
 * @throws EndpointError duplicate_handler, missing_decoder
 */
export function refuseContradictions(handlers: HandlerTable, codecs: Codecs, where: string): void {
  refuseTwo(handlers, textKinds, where);
  refuseTwo(handlers, binaryKinds, where);
  if (handlers.object === undefined) return;
  if (!codecs.decodesText && !codecs.decodesBinary) {
    throw new EndpointError(
      'missing_decoder',
      `${where}: a handler for objects needs decoders; give the option decoders`,
    );
  }
  const partial = [
    ...(codecs.decodesText ? textKinds.slice(1) : []),
    ...(codecs.decodesBinary ? binaryKinds.slice(1) : []),
  ].find((kind) => handlers[kind] !== undefined);
  if (partial === undefined) return;
  throw duplicate(where, 'object', partial, 'a decoder takes whole messages of that kind');
}

function refuseTwo(handlers: HandlerTable, kinds: readonly HandlerKind[], where: string): void {
  const [one, another] = kinds.filter((kind) => handlers[kind] !== undefined);
  if (one === undefined || another === undefined) return;
  throw duplicate(where, one, another, 'a message is delivered whole, in parts or as a stream');
}

function duplicate(where: string, one: HandlerKind, another: HandlerKind, why: string): EndpointError {
  const names = `${handlerNames[one]} and ${handlerNames[another]}`;
  return new EndpointError('duplicate_handler', `${where}: ${names} would handle the same messages; ${why}`);
}

function invalid(where: string, reason: string): EndpointError {
  return new EndpointError('invalid_option', `${where}: ${reason}`);
}
