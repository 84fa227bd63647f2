// Which sets a session stands in, so that it leaves them all when it ends.

// A plain map: every session that is noted here ends, and leaves it then.
const setsOf = new Map<object, Set<object>[]>();

/** False when it is a member already. */
export function enter(set: Set<object>, member: object): boolean {
  if (set.has(member)) return false;
  set.add(member);
  const sets = setsOf.get(member);
  if (sets === undefined) setsOf.set(member, [set]);
  else sets.push(set);
  return true;
}

/** False when it was not a member. */
export function leave(set: Set<object>, member: object): boolean {
  if (!set.delete(member)) return false;
  const others = setsOf.get(member)?.filter((other) => other !== set) ?? [];
  if (others.length > 0) setsOf.set(member, others);
  else setsOf.delete(member);
  return true;
}

/** Takes a session that has ended out of every set. Called for each session, by whoever ran it. */
export function leaveAll(member: object): void {
  const sets = setsOf.get(member);
  if (sets === undefined) return;
  setsOf.delete(member);
  for (const set of sets) set.delete(member);
}
