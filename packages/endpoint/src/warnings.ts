// What this package says on its own, to help the people who write programs with it: each thing once.

/** What a warning is about. */
export type WarningKind = 'origin_refused' | 'refusal_unused' | 'result_ignored' | 'program_error' | 'handler_pending';

/** Something that is not an error of the container, and that the developers or operators of the program should know. */
export interface ContainerWarning {
  readonly kind: WarningKind;
  /** A sentence or two: what happened, and what to do. */
  readonly message: string;
  /** Name of the endpoint; undefined where it is not known. */
  readonly endpoint: string | undefined;
  /** The origin that was refused, for `origin_refused`. */
  readonly origin?: string | undefined;
}

export type WarningCallback = (warning: ContainerWarning) => void;

/** Process warnings: Node writes them to standard error; a program may listen: `process.on('warning', …)`. */
export function warn(message: string): void {
  process.emitWarning(message, 'LongwireWarning');
}

const maxRemembered = 100;

/**
 * Warns once of each thing. Strangers may choose what there is to warn of, such as the origin of a page, so memory is
 * bounded: after 100 things of a kind one last warning says that there are more.
 */
export class WarningsOnce {
  readonly #write: WarningCallback;
  readonly #warned = new Map<WarningKind, Set<string>>();

  /** @param callback  default: process warnings */
  constructor(callback: WarningCallback = ({ message }) => warn(message)) {
    this.#write = (warning) => {
      try {
        callback(warning);
      } catch (error) {
        warn(`onWarning itself failed: ${String(error)}`);
      }
    };
  }

  /** @param make  called only if there is something to say */
  once(kind: WarningKind, key: string, make: () => Omit<ContainerWarning, 'kind'>): void {
    const warned = this.#warned.get(kind) ?? new Set<string>();
    this.#warned.set(kind, warned);
    if (warned.size > maxRemembered || warned.has(key)) return;
    warned.add(key);
    const more = {
      message: `there are more warnings of the kind ${kind}; no further ones are shown`,
      endpoint: undefined,
    };
    this.#write({ kind, ...(warned.size > maxRemembered ? more : make()) });
  }
}
