// Typed event listeners.

export type Listener<Event> = (event: Event) => unknown;

// An object for each registration: the same function may be registered twice and removed once.
interface Registration {
  readonly listener: Listener<never>;
}

/** Listeners by event name. A call never throws: exceptions and rejections of listeners go to `onThrow`. */
export class Listeners<Events extends object> {
  readonly #registrations = new Map<keyof Events, Set<Registration>>();
  readonly #onThrow: (error: unknown, event: keyof Events) => void;

  constructor(onThrow: (error: unknown, event: keyof Events) => void) {
    this.#onThrow = onThrow;
  }

  add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const registration: Registration = { listener };
    const set = this.#registrations.get(name) ?? new Set<Registration>();
    this.#registrations.set(name, set);
    set.add(registration);
    return () => {
      set.delete(registration);
    };
  }

  has(name: keyof Events): boolean {
    return (this.#registrations.get(name)?.size ?? 0) > 0;
  }

  /**
   * Calls all listeners of `name`, in the order in which they were added.
   * @returns a promise that resolves, and never rejects, when all their promises have settled; undefined if no listener
   *   returned a promise, so that synchronous handlers do not wait for a microtask
   */
  call<Name extends keyof Events>(name: Name, event: Events[Name]): Promise<void> | undefined {
    const set = this.#registrations.get(name);
    if (set === undefined || set.size === 0) return undefined;
    let pending: Promise<void>[] | undefined;
    // A copy: a listener may add or remove listeners.
    for (const { listener } of [...set]) {
      try {
        const result = (listener as Listener<Events[Name]>)(event);
        if (isThenable(result)) {
          const settled = Promise.resolve(result).then(undefined, (error) => this.#onThrow(error, name));
          pending ??= [];
          pending.push(settled as Promise<void>);
        }
      } catch (error) {
        this.#onThrow(error, name);
      }
    }
    return pending && Promise.all(pending).then(() => undefined);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
