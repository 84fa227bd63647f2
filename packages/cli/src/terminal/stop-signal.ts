// Requests to stop: the first signal is reported, the second ends the process at once.

import { Interrupted, signalExitCode } from '../exit-code.js';

export interface StopSignal {
  /** Resolves with the name of the first signal. */
  readonly received: Promise<NodeJS.Signals>;
  /** Rejects with `Interrupted` at the first signal: for racing against the work of a command. */
  readonly interrupted: Promise<never>;
  /** Removes the listeners, which restores the default behaviour of the signals. */
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for SIGINT (Ctrl+C), SIGTERM and SIGHUP (the terminal was closed). */
export function stopSignal(): StopSignal {
  let onFirst: (signal: NodeJS.Signals) => void = () => undefined;
  let isStopping = false;
  const received = new Promise<NodeJS.Signals>((resolve) => {
    onFirst = resolve;
  });
  const interrupted = received.then((signal): never => {
    throw new Interrupted(signal);
  });
  // A command may have ended before the signal, so that nothing waits for this promise.
  interrupted.catch(() => undefined);
  const listener = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(signalExitCode(signal));
    isStopping = true;
    onFirst(signal);
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    received,
    interrupted,
    release: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
