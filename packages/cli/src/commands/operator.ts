// The running server of a data folder, for commands that ask it.

import { loadDataLocation, OperatorClient } from '@longwire/server';
import type { Command } from 'commander';
import { CliFailure, ExitCode } from '../exit-code.js';
import type { Terminal } from '../terminal/terminal.js';
import { configSources } from './server-options.js';

/** The server whose data folder the settings name. */
export function operatorOf(command: Command, terminal: Terminal): OperatorClient {
  const data = loadDataLocation(configSources(command, terminal));
  if (data.kind === 'folder') return new OperatorClient(data.path);
  throw new CliFailure(ExitCode.usage, 'a server with --data memory: cannot be asked, because it has no data folder');
}
