// The token that a handshake carries, wherever in it.

import { bearerSubprotocolPrefix } from '@longwire/protocol';

/** A handshake, as far as credentials are concerned. */
export interface CredentialPlaces {
  /** Request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** In the order offered, the bearer one among them. */
  readonly offeredSubprotocols: readonly string[];
}

/** `token` is undefined if the handshake carries none; the connect command must then. */
export type HandshakeCredential =
  | { readonly ok: true; readonly token: string | undefined }
  | { readonly ok: false; readonly message: string };

/**
 * Finds the token of a handshake: `Authorization: Bearer <jwt>` (not from browsers, which cannot set it), or the offered
 * subprotocol `bearer.<jwt>` (browsers; never echoed back). It is only found here, not checked. Other schemes of
 * Authorization are left to a proxy in front of the server.
 * @returns a refusal (for `goodbye` and 4100) if there are several tokens, or one that may only come in the command
 */
export function credentialFromHandshake({ headers, offeredSubprotocols }: CredentialPlaces): HandshakeCredential {
  const tokens = new Set<string>();
  // Two headers of that name come joined (`joinDuplicateHeaders` of the HTTP server). Neither is the right one.
  const authorizations = new Set(String(headers['authorization'] ?? '').split(/ *, */));
  for (const authorization of authorizations) {
    // RFC 6750 §2.1; the name of the scheme is case-insensitive (RFC 9110 §11.1).
    const bearer = /^bearer(?: +(.*))?$/i.exec(authorization.trim());
    if (bearer === null) continue;
    if (authorizations.size > 1) return { ok: false, message: 'The handshake has two Authorization headers. Send one' };
    tokens.add(bearer[1] ?? '');
  }
  for (const offered of offeredSubprotocols) {
    if (offered.startsWith(bearerSubprotocolPrefix)) tokens.add(offered.slice(bearerSubprotocolPrefix.length));
  }
  // Verifying both, to see whether they name the same user, would only help an attacker who guesses.
  if (tokens.size > 1) return { ok: false, message: 'The handshake carries two different tokens. Send one' };
  const [token] = tokens;
  if (token?.startsWith('dev:')) {
    return { ok: false, message: 'Tokens such as dev:alice go into the connect command, not into the handshake' };
  }
  return { ok: true, token };
}
