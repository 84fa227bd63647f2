#!/usr/bin/env node
// The `longwire` command as the shell calls it.

import { runCli } from './run-cli.js';
import { processTerminal } from './terminal.js';

// Never rejects.
void runCli(process.argv.slice(2), processTerminal()).then((exitCode) => {
  process.exitCode = exitCode;
});
