// The open conversation in the address bar (`#bob`, or `#/inbox`, which is no user), so that a reload, Back and a bookmark find
// it again.

import type { Conversation } from './conversation.js';

/** How the address names a conversation. */
export function placeOf({ peer, address }: Conversation): string {
  return peer ?? `/${address}`;
}

/** The conversation that the address names; undefined if it names none. */
export function placeInLocation(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined;
  } catch {
    // A hand-made `%` that is no escape.
    return undefined;
  }
}

/** Adds the conversation, or the list of them, to the history of the tab, unless the address names it already. */
export function visit(place: string | undefined): void {
  if (place !== placeInLocation()) history.pushState(null, '', addressOf(place));
}

/** Removes the conversation from the address without a step in the history of the tab. */
export function forgetPlace(): void {
  history.replaceState(null, '', addressOf(undefined));
}

function addressOf(place: string | undefined): string {
  const page = `${location.pathname}${location.search}`;
  return place === undefined ? page : `${page}#${encodeURIComponent(place)}`;
}
