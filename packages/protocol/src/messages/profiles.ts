// How users are shown to people, and the commands that ask for it.

import type { GroupId, UserId } from '../names/ids.js';
import type { CommandFields } from './command-base.js';

/** What a user has of the two is not unique, and says nothing about who they are: that is the id. */
export interface UserProfile {
  /** 1-128 characters in NFC, in one line. */
  readonly name?: string | undefined;
  /** An `http:` or `https:` URL of at most 1 000 ASCII characters. The server never fetches it. */
  readonly picture?: string | undefined;
}

export interface ProfiledUser extends UserProfile {
  readonly user: UserId;
}

/** Asks for the names and pictures of users with whom this one shares a channel. Answer: `users`. */
export interface UsersCommand extends CommandFields {
  readonly type: 'users';
  /** 1-100. */
  readonly users: readonly UserId[];
  /** A group in which both are, or were. Default: their direct channel, once it has a message. */
  readonly group?: GroupId | undefined;
}

/** Finds users by the beginning of their names, on a server that allows it. Answer: `users`, ascending by name. */
export interface UsersSearchCommand extends CommandFields {
  readonly type: 'users.search';
  /** 1-128 characters. Upper and lower case are the same. */
  readonly prefix: string;
  /** 1-20, default 20. */
  readonly limit?: number | undefined;
}

/** Gives a user another name or picture; `null` removes it. For admins. Answer: `ok`. */
export interface UserUpdateCommand extends CommandFields {
  readonly type: 'user.update';
  readonly user: UserId;
  readonly name?: string | null | undefined;
  readonly picture?: string | null | undefined;
}
