// Which web pages may connect when no function decides. RFC 6455 §10.2; browsers apply no same-origin rule to WebSocket.
import { isLoopbackAddress, isLoopbackOrigin, isSameOrigin, parseOrigin } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { quoted } from '../observing/printable.js';
import { kindOf } from '../option-checks.js';
import type { HandshakeRequest } from './handshake-request.js';

/**
 * True for a page of the host and port that were connected to, and for clients that send no Origin, which are no
 * browsers. Everything else is refused: other hosts, other ports, `null`, origins that are neither http nor https, and
 * an http page on a TLS connection.
 */
export function isSameHostOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
  if (origin === undefined) return true;
  const { host } = request;
  if (isSameOrigin(origin, host, true)) return true;
  // Without TLS here, a proxy that is not known may still have ended it: then the page is https and this connection is
  // not. Only the opposite is known to be wrong.
  return !request.secure && isSameOrigin(origin, host, false) === true;
}

/**
 * {@link isSameHostOrigin}, or a page of this machine whose request arrived on a loopback address. For development
 * only.
 */
export function isSameHostOrLoopbackOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
  if (isSameHostOrigin(origin, request)) return true;
  return (
    isLoopbackAddress(request.localAddress) && isLoopbackAddress(request.remoteAddress) && isLoopbackOrigin(origin)
  );
}

/** The origins of a list, compiled: exact ones, and those with one label left open (`https://*.example.org`). */
export class OriginList {
  readonly #exact = new Set<string>();
  /** What follows the open label, as {@link spelledOut}. */
  readonly #underWildcards = new Set<string>();

  /** @throws EndpointError invalid_option for what is no origin; `where` names the list in the message */
  constructor(origins: readonly string[], where: string) {
    for (const origin of origins) {
      const { isWildcard, spelling } = readEntry(origin, where);
      (isWildcard ? this.#underWildcards : this.#exact).add(spelling);
    }
  }

  includes(origin: string): boolean {
    const spelling = spelledOut(origin);
    if (spelling === undefined) return false;
    return this.#exact.has(spelling) || this.#underWildcards.has(spelling.replace(/^([a-z]+:\/\/)[a-z0-9_-]+\./, '$1'));
  }
}

function readEntry(origin: unknown, where: string): { isWildcard: boolean; spelling: string } {
  const invalid = (advice: string): never => {
    throw new EndpointError('invalid_option', `${where} has ${JSON.stringify(origin)}: ${advice}`);
  };
  if (typeof origin !== 'string') return invalid('expected an origin such as "https://app.example.org"');
  if (origin === '*') return invalid('to let every page of the web connect, write dangerouslyAllowAnyOrigin: true');
  if (origin === 'null') return invalid('sandboxed frames, files and redirects of any site have the origin "null"');
  // As browsers spell it: names in Punycode, no default port.
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isOrigin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s]+$/i.test(origin);
  if (url === undefined || !isOrigin) return invalid('an origin is scheme, host and port: "https://app.example.org"');
  if (!origin.includes('*')) return { isWildcard: false, spelling: spelledOut(`${url.protocol}//${url.host}`)! };
  const [star, ...labels] = url.hostname.split('.');
  const rest = labels.join('.');
  const spelling =
    rest === '' || rest.includes('*')
      ? undefined
      : spelledOut(`${url.protocol}//${rest}:${url.port}`.replace(/:$/, ''));
  if (star !== '*' || spelling === undefined || !/^https?:\/\//.test(spelling)) {
    return invalid('a "*" stands for one whole label of an http or https origin: "https://*.example.org"');
  }
  return { isWildcard: true, spelling };
}

/**
 * An origin in one spelling: lower case, the port written out. Origins of apps (`capacitor://localhost`), which have no
 * port, stay as they are. Undefined for `null` and for what is none.
 */
function spelledOut(origin: string): string | undefined {
  const parts = parseOrigin(origin);
  if (parts !== undefined) return `${parts.scheme}://${parts.hostname}:${parts.port}`;
  return /^(?!https?:|wss?:)[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s]+$/i.test(origin) ? origin.toLowerCase() : undefined;
}

const shownCharacters = 200;

/**
 * The warning of a page that is refused: the browser shows its user no reason.
 * @param answer  what the `checkOrigin` of the endpoint returned, if it is a function
 */
export function originWarning(
  { origin = '', host = '' }: HandshakeRequest,
  isDev: boolean,
  answer: { readonly returned: unknown } | undefined,
): string {
  const refused = `refused a page of ${shown(origin)} with 403`;
  if (answer === undefined) return `${refused}: only pages of ${shown(host)} may connect; ${adviceFor(origin, isDev)}`;
  const returned = answer.returned === false ? 'false' : kindOf(answer.returned);
  return `${refused}: its checkOrigin returned ${returned}, and only true lets a page connect`;
}

function adviceFor(origin: string, isDev: boolean): string {
  if (!isListable(origin)) return 'no list of origins can allow this one, only a function as checkOrigin';
  const allow = `to allow this one, give the endpoint a configurator with checkOrigin: [${shown(origin)}]`;
  if (isDev || !isLoopbackOrigin(origin)) return allow;
  return `${allow}, or in development the container dev: true, which allows pages of this machine`;
}

/** `null`, of files and sandboxed frames, is in no list, nor is what is not an origin. */
function isListable(origin: string): boolean {
  try {
    new OriginList([origin], '');
    return true;
  } catch {
    return false;
  }
}

function shown(text: string): string {
  return quoted(text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text);
}
