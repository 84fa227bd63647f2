// Which handler takes which messages: by kind and delivery, checked for contradictions and compiled when the endpoint is
// declared, or when a session opens whose instance has other handlers, so that nothing is looked up per message.
import { EndpointError } from '../errors.js';
import type { Codecs } from '../messages/codecs.js';
import { assertKnownNames } from '../option-checks.js';
import { type HandlerKind, type HandlerTable, handlerNames } from './handlers.js';
import type { MessageHandlerOptions } from './message-handler.js';

export interface MessageRoutes {
  readonly handlers: HandlerTable;
  /** The handler for text messages, undefined if there is none. `text` also stands for the decoders. */
  readonly text: 'text' | 'textPart' | 'textStream' | undefined;
  readonly binary: 'binary' | 'binaryPart' | 'binaryStream' | undefined;
  /** Text messages go to the decoders first. */
  readonly decodesText: boolean;
  readonly decodesBinary: boolean;
}

export function messageRoutes(handlers: HandlerTable, codecs: Codecs): MessageRoutes {
  const decodesText = handlers.object !== undefined && codecs.decodesText;
  const decodesBinary = handlers.object !== undefined && codecs.decodesBinary;
  return Object.freeze({
    handlers,
    text: textRoute(handlers, decodesText),
    binary: binaryRoute(handlers, decodesBinary),
    decodesText,
    decodesBinary,
  });
}

function textRoute({ text, textPart, textStream }: HandlerTable, isDecoded: boolean): MessageRoutes['text'] {
  if (textPart !== undefined) return 'textPart';
  if (textStream !== undefined) return 'textStream';
  return isDecoded || text !== undefined ? 'text' : undefined;
}

function binaryRoute({ binary, binaryPart, binaryStream }: HandlerTable, isDecoded: boolean): MessageRoutes['binary'] {
  if (binaryPart !== undefined) return 'binaryPart';
  if (binaryStream !== undefined) return 'binaryStream';
  return isDecoded || binary !== undefined ? 'binary' : undefined;
}

const textKinds = ['text', 'textPart', 'textStream'] as const;
const binaryKinds = ['binary', 'binaryPart', 'binaryStream'] as const;

const kindsByDelivery = {
  text: { whole: 'text', parts: 'textPart', stream: 'textStream' },
  binary: { whole: 'binary', parts: 'binaryPart', stream: 'binaryStream' },
} as const;

/** @throws EndpointError unknown_option, invalid_option. `where` is for messages. */
export function handlerKindOf(options: MessageHandlerOptions, where: string): HandlerKind {
  assertKnownNames(options, ['kind', 'delivery'], where);
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
 * Asserts that no two handlers are for the same messages.
 * @throws EndpointError duplicate_handler, missing_decoder
 */
export function assertOneHandlerEach(handlers: HandlerTable, codecs: Codecs, where: string): void {
  assertOneOf(handlers, textKinds, where);
  assertOneOf(handlers, binaryKinds, where);
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

function assertOneOf(handlers: HandlerTable, kinds: readonly HandlerKind[], where: string): void {
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
