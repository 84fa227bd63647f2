// Which broadcasts a session is in, so that it leaves them all when it ends.
import { type Session, senderOf } from '../session/session.js';

type Members = Set<unknown>;

/** False when it is a member already. */
export function enter(set: Members, member: unknown): boolean {
  if (set.has(member)) return false;
  set.add(member);
  const sender = senderOf(member as Session);
  // Most sessions are in one: no list for that.
  if (sender.memberOf === undefined) sender.memberOf = set;
  else if (Array.isArray(sender.memberOf)) sender.memberOf.push(set);
  else sender.memberOf = [sender.memberOf, set];
  return true;
}

/** False when it was not a member. */
export function leave(set: Members, member: unknown): boolean {
  if (!set.delete(member)) return false;
  const sender = senderOf(member as Session);
  const others = Array.isArray(sender.memberOf) ? sender.memberOf.filter((other) => other !== set) : [];
  sender.memberOf = others.length > 1 ? others : others[0];
  return true;
}

/** Takes a session that has ended out of every set. */
export function leaveAll(member: Session): void {
  const sender = senderOf(member);
  const sets = sender.memberOf;
  sender.memberOf = undefined;
  if (Array.isArray(sets)) for (const set of sets) set.delete(member);
  else sets?.delete(member);
}
