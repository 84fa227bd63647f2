// The commands, put together.

import { Command } from 'commander';
import { chatCommand } from './commands/chat.js';
import { configCommand } from './commands/config.js';
import { connectCommand } from './commands/connect.js';
import { sendCommand } from './commands/send.js';
import { serveCommand } from './commands/serve.js';
import { tailCommand } from './commands/tail.js';
import { tokenCommand } from './commands/token.js';
import type { SetExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { version } from './version.js';

export function createProgram(terminal: Terminal, setExitCode: SetExitCode): Command {
  const program = new Command('longwire')
    .description('Longwire: a self-hosted real-time messaging server, and clients for it')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXAMPLES);
  const commands = [
    serveCommand(terminal, setExitCode),
    chatCommand(terminal),
    sendCommand(terminal),
    tailCommand(terminal),
    connectCommand(terminal, setExitCode),
    tokenCommand(terminal, setExitCode),
    configCommand(terminal),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((command) => command.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  }
  return program;
}

const EXAMPLES = `
Examples:
  longwire serve --auth dev                        a server to try, on this machine
  longwire tail --as bob                           what bob gets, one JSON object a line
  longwire send --as alice user/bob 'hello'        a message from alice to bob
  longwire chat --as alice                         a conversation

Exit codes: 0 done, 1 it did not work, 2 it was asked wrongly.`;
