// What a rule judges, and how it refuses.

import type { ErrorCode } from '@longwire/protocol';
import type { EntryContent } from '../../channel/entry.js';
import type { RefusalKind } from '../../runtime/refusal-counter.js';

/** A user, an application, or the server itself. */
export type Writer = Pick<EntryContent, 'from' | 'by'>;

export interface RuleRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly counted: RefusalKind;
}
