// Asked to stop: the first signal is told, the second ends the process at once.

import { constants } from 'node:os';

export interface StopSignal {
  /** Resolves with the name of the first signal. */
  readonly received: Promise<NodeJS.Signals>;
  /** Gives the signals back to the process's own ways. */
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for SIGINT (Ctrl+C), SIGTERM and SIGHUP (the terminal is gone). */
export function stopSignal(): StopSignal {
  let onFirst: (signal: NodeJS.Signals) => void = () => undefined;
  let isStopping = false;
  const received = new Promise<NodeJS.Signals>((resolve) => {
    onFirst = resolve;
  });
  const listener = (signal: NodeJS.Signals) => {
    // As the shell would report it had the signal not been caught.
    if (isStopping) process.exit(128 + constants.signals[signal]);
    isStopping = true;
    onFirst(signal);
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    received,
    release: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
