// Everything that is pushed to the sessions of a user outside the logs of their channels.

import type { Bus } from '../bus/bus.js';
import type { OrderGate } from '../bus/order-gate.js';
import { ChannelPushes, type ChannelPushesParts } from './channel-pushes.js';
import type { ClientSession } from './client-session.js';
import { InvitationPushes, type InvitationPushesParts } from './invitation-pushes.js';

export type UserPushesParts = Pick<ChannelPushesParts, 'users' | 'channels'> &
  Pick<InvitationPushesParts, 'invitations'> & {
    readonly gate: OrderGate;
    readonly bus: Bus;
    /**
     * Makes a listener for what could not be read.
     * @param message  what it was
     */
    readonly unread: (message: string) => (error: unknown) => void;
  };

export class UserPushes {
  readonly #channels: ChannelPushes;
  readonly #invitations: InvitationPushes;

  /** Follows the gate and the bus. */
  constructor({ users, channels, invitations, gate, bus, unread }: UserPushesParts) {
    this.#channels = new ChannelPushes({ users, channels, onFailure: unread('A channel could not be read') });
    const onFailure = unread('An invitation could not be read');
    this.#invitations = new InvitationPushes({ users, invitations, onFailure });
    gate.follow(this.#channels);
    gate.follow(this.#invitations);
    bus.subscribe(this.#channels);
  }

  /** The session is ready. */
  attend(session: ClientSession): void {
    this.#channels.attend(session);
    this.#invitations.attend(session);
  }

  /** The session has ended. */
  end(session: ClientSession): void {
    this.#channels.end(session);
    this.#invitations.end(session);
  }
}
