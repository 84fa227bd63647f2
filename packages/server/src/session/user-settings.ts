// What users show to others: changed by one session, and reported to the other ones of the user.

import { encodeSettingsPush, type UserId, type UserSettings } from '@longwire/protocol';
import type { Bus, BusEvent, EventListener } from '../bus/bus.js';
import type { UserStateCache } from '../messaging/user-state-cache.js';
import type { ActiveUsers } from './active-users.js';
import type { ClientSession } from './client-session.js';

export interface UserSettingsParts {
  readonly states: UserStateCache;
  readonly users: Pick<ActiveUsers, 'sessionsOf'>;
  readonly bus: Pick<Bus, 'signal'>;
  /** Settings could not be read or stored. */
  readonly onFailure: (error: unknown) => void;
}

export class UserSettingsRule implements EventListener {
  readonly #parts: UserSettingsParts;

  constructor(parts: UserSettingsParts) {
    this.#parts = parts;
  }

  /** @throws (rejects) what the store rejects with */
  async read(user: UserId): Promise<UserSettings> {
    const [state] = await this.#parts.states.loadAll(user, [user]);
    return state!.settings;
  }

  /**
   * Resolves with all settings once they are stored and in force.
   * @throws (rejects) what the store rejects with
   */
  async change(session: ClientSession, changed: Partial<UserSettings>): Promise<UserSettings> {
    const { user } = session;
    const settings = await this.#parts.states.change(user, changed);
    this.#parts.bus.signal({ type: 'settings', user, settings, origin: session });
    return settings;
  }

  reportFailure(error: unknown): void {
    this.#parts.onFailure(error);
  }

  onEvent(event: BusEvent): void {
    if (event.type !== 'settings') return;
    for (const session of this.#parts.users.sessionsOf(event.user)) {
      if (session.isLive && session !== event.origin) session.queueText(encodeSettingsPush(event.settings));
    }
  }
}
