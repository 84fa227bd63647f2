// What `decodeServerMessage` makes of a text.

import type { Answer } from './answers.js';
import type { CommandId } from './ids.js';
import type { Entry, Push, UnknownEntry } from './pushes.js';

/**
 * - `answer`: has a `re` and a type that this version knows
 * - `entry`: an entry of a log, of a known kind
 * - `unknownEntry`: a push with `channel`, `epoch` and `offset` of a kind without name here: moved over
 * - `push`: every other known push
 * - `pong`: the bare text
 * - `unknown`: a type without name here: ignored, but with `re` it ends the waiting of its command
 * - `malformed`: no server of this protocol says that: a fault
 */
export type ServerMessage =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'unknownEntry'; readonly entry: UnknownEntry }
  | { readonly kind: 'push'; readonly push: Exclude<Push, Entry> }
  | { readonly kind: 'pong' }
  | { readonly kind: 'unknown'; readonly type: string; readonly re: CommandId | undefined }
  | { readonly kind: 'malformed'; readonly message: string };
