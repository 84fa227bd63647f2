// What all commands have.

import type { CommandId } from '../names/ids.js';

export interface CommandFields {
  /** Asks for an answer, which carries it as `re`. Without it, success is silent and an error comes as a push. */
  readonly id?: CommandId | undefined;
}
