// Which of an endpoint's sessions are meant.
import type { PathParameters } from '../paths/path-template.js';

/**
 * Which of an endpoint's sessions: `path` is a requested path (decoded or not), or values that path parameters must
 * have.
 */
export interface SessionFilter<Path extends string = string> {
  readonly path?: string | Partial<PathParameters<Path>>;
}

/** What a filter looks at. */
interface Filtered {
  readonly isOpen: boolean;
  readonly path: Readonly<Record<string, string>>;
  readonly handshake: { readonly requestedPath: string };
}

/** Copies the open sessions that `filter` names, so that handlers may end sessions while they walk through them. */
export function selectSessions<Session extends Filtered>(
  sessions: Iterable<Session>,
  filter: SessionFilter | undefined,
): Session[] {
  const wanted = filter?.path;
  const selected: Session[] = [];
  for (const session of sessions) {
    if (session.isOpen && (wanted === undefined || isAt(session, wanted))) selected.push(session);
  }
  return selected;
}

function isAt(session: Filtered, wanted: string | Readonly<Record<string, string | undefined>>): boolean {
  if (typeof wanted !== 'string') {
    return Object.entries(wanted).every(([name, value]) => value === undefined || session.path[name] === value);
  }
  const requested = session.handshake.requestedPath;
  return requested === wanted || decodedPath(requested) === wanted;
}

/** Undefined for what cannot be decoded: a program may upgrade a request whatever its path. */
function decodedPath(path: string): string | undefined {
  try {
    return decodeURI(path);
  } catch {
    return undefined;
  }
}
