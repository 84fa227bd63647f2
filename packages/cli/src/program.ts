// The commands, put together; only the one that was asked for is loaded, because a server takes longer to load than to ask.

import { Command } from 'commander';
import type { SetExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { version } from './version.js';

interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Makes the command with its options and its action. */
  load(terminal: Terminal, setExitCode: SetExitCode): Promise<Command>;
}

const entries: readonly CommandEntry[] = [
  {
    name: 'serve',
    description: 'run the server',
    load: async (terminal, setExitCode) => (await import('./commands/serve.js')).serveCommand(terminal, setExitCode),
  },
  {
    name: 'chat',
    description: 'talk with others',
    load: async (terminal) => (await import('./commands/chat.js')).chatCommand(terminal),
  },
  {
    name: 'send',
    description: 'send a message and print its offset once it is stored',
    load: async (terminal) => (await import('./commands/send.js')).sendCommand(terminal),
  },
  {
    name: 'tail',
    description: 'print what a user gets, one JSON object a line',
    load: async (terminal) => (await import('./commands/tail.js')).tailCommand(terminal),
  },
  {
    name: 'connect',
    description: 'open a raw WebSocket and show every frame',
    load: async (terminal, setExitCode) =>
      (await import('./commands/connect.js')).connectCommand(terminal, setExitCode),
  },
  {
    name: 'token',
    description: 'make and judge tokens',
    load: async (terminal, setExitCode) => (await import('./commands/token.js')).tokenCommand(terminal, setExitCode),
  },
  {
    name: 'config',
    description: 'look at the configuration of the server',
    load: async (terminal) => (await import('./commands/config.js')).configCommand(terminal),
  },
];

/** @param args  decide which commands are loaded; the others are there by name, for help and for "did you mean" */
export async function createProgram(
  args: readonly string[],
  terminal: Terminal,
  setExitCode: SetExitCode,
): Promise<Command> {
  const program = new Command('longwire')
    .description('Longwire: a self-hosted real-time messaging server, and clients for it')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXAMPLES);
  for (const { name, description, load } of entries) {
    const isAskedFor = args.includes(name);
    program.addCommand(isAskedFor ? await load(terminal, setExitCode) : new Command(name).description(description));
  }
  const commands = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)];
  for (const command of commands) {
    command
      .helpOption('-h, --help', 'print help')
      .exitOverride()
      .configureOutput({
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
