// What a client must check of the server's 101, RFC 6455 §4.1.
import type { IncomingMessage } from 'node:http';
import { WebSocketError } from '../errors.js';
import { checkDeflateAnswer } from '../extension/negotiation.js';
import { PerMessageDeflate } from '../extension/permessage-deflate.js';
import type { ResolvedWebSocketOptions } from '../options.js';
import { acceptKey } from './accept-key.js';

export interface HandshakeOffer {
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly options: ResolvedWebSocketOptions;
}

export interface VerifiedAnswer {
  readonly subprotocol: string;
  readonly extensions: string;
  readonly deflate: PerMessageDeflate | undefined;
}

/** @throws WebSocketError `handshake_invalid` */
export function verifyAnswer(response: IncomingMessage, offer: HandshakeOffer): VerifiedAnswer {
  const { headers } = response;
  if (response.statusCode !== 101) throw invalid(`status ${response.statusCode} with an upgrade`);
  const { maxHeaderCount } = offer.options;
  if (response.rawHeaders.length / 2 > maxHeaderCount) {
    throw new WebSocketError('handshake_invalid', `the answer has more than ${maxHeaderCount} header lines`);
  }
  if (headers.upgrade?.trim().toLowerCase() !== 'websocket') throw invalid('Upgrade is not websocket');
  const connection = (headers.connection ?? '').split(',').map((item) => item.trim().toLowerCase());
  if (!connection.includes('upgrade')) throw invalid('Connection does not contain Upgrade');
  if (headers['sec-websocket-accept']?.trim() !== acceptKey(offer.key)) throw invalid('Sec-WebSocket-Accept is wrong');
  const subprotocol = headers['sec-websocket-protocol']?.trim() ?? '';
  if (subprotocol !== '' && !offer.subprotocols.includes(subprotocol)) {
    throw invalid(`the subprotocol ${JSON.stringify(subprotocol)} was not offered`);
  }
  const extensions = headers['sec-websocket-extensions'];
  const deflateOptions = offer.options.perMessageDeflate;
  const agreed = checkDeflateAnswer(extensions, deflateOptions === false ? undefined : deflateOptions);
  const deflate =
    agreed === undefined || deflateOptions === false
      ? undefined
      : new PerMessageDeflate('client', agreed, deflateOptions);
  return { subprotocol, extensions: extensions ?? '', deflate };
}

function invalid(what: string): WebSocketError {
  return new WebSocketError('handshake_invalid', `the answer to the handshake breaks RFC 6455: ${what}`);
}
