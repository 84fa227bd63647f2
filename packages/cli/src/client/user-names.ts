// Users as people read them: by their names, with their ids, which alone say who they are.

import type { LongwireClient } from '@longwire/client';

/** A name that has not come after this time is left out: a line must not wait for it. */
const NAME_WAIT_MS = 1_000;

/** `Bob Builder (bob)`, or the id alone. */
export function userText(user: string, name: string | undefined): string {
  return name === undefined ? user : `${name} (${user})`;
}

/**
 * The name of a user who wrote in a channel, or was named there. Undefined if they have none, if it may not be known, and if
 * it cannot be asked for now.
 * @param channel  an address
 */
export async function nameIn(client: LongwireClient, channel: string, user: string): Promise<string | undefined> {
  const [kind, id = ''] = channel.split('/', 2);
  if (kind !== 'user' && kind !== 'group') return undefined;
  const asked = kind === 'group' ? client.group(id).profile(user) : client.profile(user);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), NAME_WAIT_MS);
  });
  const found = await Promise.race([asked.catch(() => undefined), late]);
  clearTimeout(timer);
  return found?.name;
}

/** The same for several users, as texts by id. */
export async function userTextsIn(
  client: LongwireClient,
  channel: string,
  users: readonly string[],
): Promise<(user: string) => string> {
  const names = new Map(
    await Promise.all(users.map(async (user) => [user, await nameIn(client, channel, user)] as const)),
  );
  return (user) => userText(user, names.get(user));
}
