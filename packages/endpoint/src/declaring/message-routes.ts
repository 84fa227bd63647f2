// Which handler messages go to: compiled when the endpoint is declared, or a session opens whose instance has
// other handlers, so that nothing is looked up per message.
import type { Codecs } from '../messages/codecs.js';
import type { HandlerTable } from './handlers.js';

export interface MessageRoutes {
  readonly handlers: HandlerTable;
  /** What takes text messages; undefined: nobody. `text` is also what goes through the decoders. */
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
