// A terminal that was closed while the process ran.

import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

const STANDARD_STREAMS = [0, 1, 2];

/**
 * Lets the process end with its exit code although its terminal is gone. When Node ends it resets the terminal it was
 * started on, and Node 20 aborts, or crashes, if the system refuses that (`ResetStdio` in node.cc). A descriptor that
 * leads elsewhere by then is left alone.
 */
export function outliveTerminal(): void {
  const terminals = STANDARD_STREAMS.filter((descriptor) => isatty(descriptor));
  if (terminals.length === 0) return;
  process.once('exit', () => {
    for (const descriptor of terminals) {
      if (isatty(descriptor)) continue;
      closeSync(descriptor);
      // The lowest free descriptor is taken: the one just closed.
      openSync(devNull, 'r+');
    }
  });
}
