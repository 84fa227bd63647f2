#!/usr/bin/env node
// The `longwire` command as the shell calls it.

import { signalOf } from './exit-code.js';
import { runCli } from './run-cli.js';
import { processTerminal } from './terminal/terminal.js';

// Never rejects.
void runCli(process.argv.slice(2), processTerminal()).then((exitCode) => {
  const signal = process.platform === 'win32' ? undefined : signalOf(exitCode);
  // Ending by the signal itself, not by its code, also ends the shell's loop around the command.
  if (signal === undefined) process.exitCode = exitCode;
  else process.kill(process.pid, signal);
});
