// What a reader tells the connection that it belongs to, and asks of it.
import type { WebSocketError } from '../errors.js';
import type { MessageKind } from '../message/assembler.js';
import type { ClosePayload } from '../message/close-payload.js';
import type { Interrupted } from './reading-turns.js';

/** One object for all readers of a kind; each call names its owner. */
export interface ReaderEvents<Owner> {
  wantsParts(owner: Owner, kind: MessageKind): boolean;
  maxMessageBytes(owner: Owner, kind: MessageKind): number;
  onText(owner: Owner, text: string): void;
  onBinary(owner: Owner, data: Buffer): void;
  onTextPart(owner: Owner, part: string, isLast: boolean): void;
  onBinaryPart(owner: Owner, part: Buffer, isLast: boolean): void;
  onPing(owner: Owner, payload: Buffer): void;
  onPong(owner: Owner, payload: Buffer): void;
  onClose(owner: Owner, payload: ClosePayload): void;
  /** TCP has ended, and all that came before has been told. */
  onEnd(owner: Owner): void;
  /** The peer broke a rule or a limit. Nothing follows. */
  onReadError(owner: Owner, error: WebSocketError): void;
  /** An inflater is busy, or others are to be heard first: read no more from the socket until told otherwise. */
  onHoldBack(owner: Owner, isHolding: boolean): void;
  /** The share of a turn is used up: nothing more is read before `reader.readOn()`, to be called in the next one. */
  onTurnSpent(owner: Owner, reader: Interrupted): void;
}
