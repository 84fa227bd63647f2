// Negotiation of permessage-deflate, RFC 7692 §5 and §7.1: what a client offers, what a server takes, what a client accepts.
import { WebSocketError } from '../errors.js';
import type { ResolvedPerMessageDeflateOptions } from '../options.js';
import { type ExtensionOffer, parseExtensions } from './extension-header.js';

const NAME = 'permessage-deflate';
const MAX_WINDOW_BITS = 15;
const MIN_WINDOW_BITS = 8;

/** What both sides agreed on. */
export interface AgreedDeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** The parameters of one offer or answer; `client_max_window_bits` may stand without a value in an offer. */
interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | 'any' | undefined;
}

export interface DeflateAgreement {
  readonly parameters: AgreedDeflateParameters;
  /** Value of the Sec-WebSocket-Extensions header of the answer. */
  readonly header: string;
}

/** Server: the first offer that can be taken (RFC 7692 §5.1), or undefined. Offers with unknown or wrong parameters are declined. */
export function acceptDeflateOffer(
  offers: readonly ExtensionOffer[],
  options: ResolvedPerMessageDeflateOptions,
): DeflateAgreement | undefined {
  for (const offer of offers) {
    if (offer.name !== NAME) continue;
    const wanted = readParameters(offer, 'offer');
    if (wanted !== undefined) return agree(wanted, options);
  }
  return undefined;
}

/** Client: the offer. `client_max_window_bits` is always there, so that the server may choose (RFC 7692 §7.1.2.2). */
export function formatDeflateOffer(options: ResolvedPerMessageDeflateOptions): string {
  const parts = [NAME];
  if (options.serverNoContextTakeover) parts.push('server_no_context_takeover');
  if (options.clientNoContextTakeover !== false) parts.push('client_no_context_takeover');
  if (options.serverMaxWindowBits < MAX_WINDOW_BITS)
    parts.push(`server_max_window_bits=${options.serverMaxWindowBits}`);
  const bits = options.clientMaxWindowBits;
  parts.push(bits < MAX_WINDOW_BITS ? `client_max_window_bits=${bits}` : 'client_max_window_bits');
  return parts.join('; ');
}

/**
 * Client: checks the answer's extensions against the offer (RFC 6455 §9.1, RFC 7692 §7.1).
 * @param offered undefined = no extension was offered
 * @throws WebSocketError `handshake_invalid`
 */
export function checkDeflateAnswer(
  header: string | undefined,
  offered: ResolvedPerMessageDeflateOptions | undefined,
): AgreedDeflateParameters | undefined {
  if (header === undefined) return undefined;
  const answers = parseExtensions(header);
  const [answer] = answers ?? [];
  if (answers?.length !== 1 || answer?.name !== NAME || offered === undefined) {
    throw new WebSocketError('handshake_invalid', 'the server chose an extension that was not offered');
  }
  const chosen = readParameters(answer, 'answer');
  if (chosen === undefined || chosen.clientMaxWindowBits === 'any') {
    throw new WebSocketError('handshake_invalid', 'the server chose parameters that permessage-deflate does not have');
  }
  const serverBits = chosen.serverMaxWindowBits ?? MAX_WINDOW_BITS;
  // RFC 7692 §7.1.1.1, §7.1.2.1: what the client asked of the server's compressor, the answer must confirm.
  if (offered.serverNoContextTakeover && !chosen.serverNoContextTakeover) {
    throw new WebSocketError('handshake_invalid', 'the server did not confirm server_no_context_takeover');
  }
  if (serverBits > offered.serverMaxWindowBits) {
    throw new WebSocketError('handshake_invalid', 'the server did not confirm server_max_window_bits');
  }
  return {
    serverNoContextTakeover: chosen.serverNoContextTakeover,
    // A client may always forget more than it must.
    clientNoContextTakeover: chosen.clientNoContextTakeover || offered.clientNoContextTakeover !== false,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: Math.min(chosen.clientMaxWindowBits ?? MAX_WINDOW_BITS, offered.clientMaxWindowBits),
  };
}

function agree(wanted: DeflateParameters, options: ResolvedPerMessageDeflateOptions): DeflateAgreement {
  const serverBits = Math.min(wanted.serverMaxWindowBits ?? MAX_WINDOW_BITS, options.serverMaxWindowBits);
  const clientLimit = wanted.clientMaxWindowBits;
  // RFC 7692 §7.1.2.2: the answer may set the client's window only if the client said that it can.
  const clientBits =
    clientLimit === undefined
      ? MAX_WINDOW_BITS
      : Math.min(clientLimit === 'any' ? MAX_WINDOW_BITS : clientLimit, options.clientMaxWindowBits);
  const parameters: AgreedDeflateParameters = {
    serverNoContextTakeover: wanted.serverNoContextTakeover || options.serverNoContextTakeover,
    // Not unasked by default: clients on Tornado and Mojolicious do not accept an answer with it.
    clientNoContextTakeover: wanted.clientNoContextTakeover || options.clientNoContextTakeover === true,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  };
  return { parameters, header: formatAnswer(parameters, wanted) };
}

function formatAnswer(parameters: AgreedDeflateParameters, wanted: DeflateParameters): string {
  const parts = [NAME];
  if (parameters.serverNoContextTakeover) parts.push('server_no_context_takeover');
  if (parameters.clientNoContextTakeover) parts.push('client_no_context_takeover');
  // RFC 7692 §7.1.2.1: what the client asked for must be answered, with the same or a smaller value. A smaller window than the
  // client expects needs no answer.
  if (wanted.serverMaxWindowBits !== undefined) {
    parts.push(`server_max_window_bits=${parameters.serverMaxWindowBits}`);
  }
  if (wanted.clientMaxWindowBits !== undefined && parameters.clientMaxWindowBits < MAX_WINDOW_BITS) {
    parts.push(`client_max_window_bits=${parameters.clientMaxWindowBits}`);
  }
  return parts.join('; ');
}

/** Undefined for an unknown, repeated or wrongly valued parameter: such an offer is declined, such an answer fails (§7.1). */
function readParameters(offer: ExtensionOffer, from: 'offer' | 'answer'): DeflateParameters | undefined {
  let serverNoContextTakeover = false;
  let clientNoContextTakeover = false;
  let serverMaxWindowBits: number | undefined;
  let clientMaxWindowBits: number | 'any' | undefined;
  const seen = new Set<string>();
  for (const { name, value } of offer.parameters) {
    if (seen.has(name)) return undefined;
    seen.add(name);
    if (name === 'server_no_context_takeover' && value === undefined) {
      serverNoContextTakeover = true;
    } else if (name === 'client_no_context_takeover' && value === undefined) {
      clientNoContextTakeover = true;
    } else if (name === 'server_max_window_bits' && isWindowBits(value)) {
      serverMaxWindowBits = Number(value);
    } else if (name === 'client_max_window_bits' && isWindowBits(value)) {
      clientMaxWindowBits = Number(value);
    } else if (name === 'client_max_window_bits' && value === undefined && from === 'offer') {
      clientMaxWindowBits = 'any';
    } else {
      return undefined;
    }
  }
  return { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
}

// RFC 7692 §7.1.2.1: a decimal integer from 8 to 15 without leading zeroes.
function isWindowBits(value: string | undefined): boolean {
  if (value === undefined || !/^(?:[89]|1[0-5])$/.test(value)) return false;
  return Number(value) >= MIN_WINDOW_BITS;
}
