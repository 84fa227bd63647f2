// The open conversation in the address bar (`#bob`), so that a reload, Back and a bookmark find it again.

/** The user whose conversation the address names; undefined if it names none. */
export function peerInLocation(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined;
  } catch {
    // A hand-made `%` that is no escape.
    return undefined;
  }
}

/** Adds the conversation, or the list of them, to the history of the tab, unless the address names it already. */
export function visitPeer(peer: string | undefined): void {
  if (peer !== peerInLocation()) history.pushState(null, '', addressOf(peer));
}

/** Removes the conversation from the address without a step in the history of the tab. */
export function forgetPeer(): void {
  history.replaceState(null, '', addressOf(undefined));
}

function addressOf(peer: string | undefined): string {
  const page = `${location.pathname}${location.search}`;
  return peer === undefined ? page : `${page}#${encodeURIComponent(peer)}`;
}
