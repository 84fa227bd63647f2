// The command line as a tree of commands. Only the requested one is loaded: the server alone takes longer than a client command.

import { Command } from 'commander';
import type { SetExitCode } from './exit-code.js';
import { type Terminal, writeError } from './terminal/terminal.js';
import { version } from './version.js';

interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Creates the command with its options and its action. */
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
    description: 'chat with other users in the terminal',
    load: async (terminal) => (await import('./commands/chat.js')).chatCommand(terminal),
  },
  {
    name: 'send',
    description: 'send one message and print its offset once it is stored',
    load: async (terminal) => (await import('./commands/send.js')).sendCommand(terminal),
  },
  {
    name: 'notify',
    description: 'write a notification into the inbox of a user, as an admin',
    load: async (terminal) => (await import('./commands/notify.js')).notifyCommand(terminal),
  },
  {
    name: 'announce',
    description: 'announce something to all users, as an admin',
    load: async (terminal) => (await import('./commands/notify.js')).announceCommand(terminal),
  },
  {
    name: 'tail',
    description: 'print the messages and notifications of a user as they arrive, one JSON object per line',
    load: async (terminal) => (await import('./commands/tail.js')).tailCommand(terminal),
  },
  {
    name: 'history',
    description: 'print a page of a channel: messages, changes of its group, and what is missing',
    load: async (terminal) => (await import('./commands/history.js')).historyCommand(terminal),
  },
  {
    name: 'conversations',
    description: 'list the channels of a user, with unread counts and newest entries',
    load: async (terminal) => (await import('./commands/conversations.js')).conversationsCommand(terminal),
  },
  {
    name: 'presence',
    description: 'show who is online, and when the others were last seen',
    load: async (terminal) => (await import('./commands/presence.js')).presenceCommand(terminal),
  },
  {
    name: 'profile',
    description: 'show the names and pictures of users, or change those of one',
    load: async (terminal) => (await import('./commands/profile.js')).profileCommand(terminal),
  },
  {
    name: 'search',
    description: 'find users by the beginning of their names',
    load: async (terminal) => (await import('./commands/search.js')).searchCommand(terminal),
  },
  {
    name: 'settings',
    description: 'show or change what a user shows to others',
    load: async (terminal) => (await import('./commands/settings.js')).settingsCommand(terminal),
  },
  {
    name: 'block',
    description: 'block a user, as another user',
    load: async (terminal) => (await import('./commands/block.js')).blockCommand(terminal),
  },
  {
    name: 'unblock',
    description: 'end a block',
    load: async (terminal) => (await import('./commands/block.js')).unblockCommand(terminal),
  },
  {
    name: 'blocks',
    description: 'list the users whom a user blocks',
    load: async (terminal) => (await import('./commands/block.js')).blocksCommand(terminal),
  },
  {
    name: 'mute',
    description: 'do not notify a user of what comes in a channel',
    load: async (terminal) => (await import('./commands/preferences.js')).muteCommand(terminal),
  },
  {
    name: 'archive',
    description: 'show a channel apart from the others',
    load: async (terminal) => (await import('./commands/preferences.js')).archiveCommand(terminal),
  },
  {
    name: 'hide',
    description: 'leave a channel out of lists until it has a newer message',
    load: async (terminal) => (await import('./commands/preferences.js')).hideCommand(terminal),
  },
  {
    name: 'group',
    description: 'create, change and list groups',
    load: async (terminal) => (await import('./commands/group.js')).groupCommand(terminal),
  },
  {
    name: 'connect',
    description: 'open a raw WebSocket connection and show every message',
    load: async (terminal, setExitCode) =>
      (await import('./commands/connect.js')).connectCommand(terminal, setExitCode),
  },
  {
    name: 'token',
    description: 'create and verify tokens',
    load: async (terminal, setExitCode) => (await import('./commands/token.js')).tokenCommand(terminal, setExitCode),
  },
  {
    name: 'users',
    description: 'block and unblock users of a running server',
    load: async (terminal) => (await import('./commands/users.js')).usersCommand(terminal),
  },
  {
    name: 'refusals',
    description: 'show how often a running server has refused something, and why',
    load: async (terminal) => (await import('./commands/refusals.js')).refusalsCommand(terminal),
  },
  {
    name: 'config',
    description: 'show the configuration of the server',
    load: async (terminal) => (await import('./commands/config.js')).configCommand(terminal),
  },
  {
    name: 'era',
    description: 'say that a data folder was restored',
    load: async (terminal) => (await import('./commands/era.js')).eraCommand(terminal),
  },
];

export interface ProgramPorts {
  readonly setExitCode: SetExitCode;
  /** Receives what `--help` and `--version` print. */
  readonly writeHelp: (text: string) => void;
}

/** @param args  decide which commands are loaded; of the others only the names exist, for help and for "did you mean" */
export async function createProgram(
  args: readonly string[],
  terminal: Terminal,
  { setExitCode, writeHelp }: ProgramPorts,
): Promise<Command> {
  const program = new Command('longwire')
    .description('Longwire: a self-hosted real-time messaging server, with command line clients')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .addHelpText('after', EXAMPLES);
  for (const { name, description, load } of entries) {
    const isRequested = args.includes(name);
    program.addCommand(isRequested ? await load(terminal, setExitCode) : new Command(name).description(description));
  }
  const commands = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)];
  for (const command of commands) {
    command
      .helpOption('-h, --help', 'print help')
      .showHelpAfterError(`(see ${fullName(command)} --help)`)
      .exitOverride()
      .configureOutput({
        writeOut: writeHelp,
        writeErr: (text) => writeError(terminal, text.trimEnd()),
      });
  }
  return program;
}

/** `longwire token create`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

const EXAMPLES = `
Examples:
  longwire serve --auth dev                        run a server on this machine, to try Longwire
  longwire tail --as bob                           print the messages of bob, one JSON object per line
  longwire send --as alice user/bob 'hello'        send a message from alice to bob
  longwire chat --as alice                         chat as alice

Exit codes: 0 done, 1 failed, 2 invalid usage. Ctrl+C stops serve with 0 and ends every other command with 130.`;
