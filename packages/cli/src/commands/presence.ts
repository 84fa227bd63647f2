// `longwire presence`: who is online, now or from now on.

import { LongwireError, type PresenceState } from '@longwire/client';
import { Command } from 'commander';
import { parseUserArgument } from '../arguments/id-arguments.js';
import { parseTimeout } from '../arguments/milliseconds.js';
import { addClientOptions, type ClientOptions, openSilentClient, serverUrl } from '../client/client-options.js';
import { presenceText } from '../client/presence-text.js';
import { signIn } from '../client/sign-in.js';
import { userText } from '../client/user-names.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { stopSignal } from '../terminal/stop-signal.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

interface PresenceOptions extends ClientOptions {
  readonly watch?: boolean;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

export function presenceCommand(terminal: Terminal): Command {
  const command = new Command('presence')
    .description('show who is online, and when the others were last seen')
    .argument('<users...>', 'user ids', (text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      parseUserArgument(text),
    ])
    .option('--watch', 'go on with each change, until Ctrl+C')
    .option('--timeout-ms <number>', 'how long to wait for the answer, including the sign-in', parseTimeout, 30_000)
    .option('--json', 'print one JSON object per line');
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((users: readonly string[], options: PresenceOptions) => presence(users, options, terminal));
}

async function presence(users: readonly string[], options: PresenceOptions, terminal: Terminal): Promise<void> {
  const client = openSilentClient(options, terminal);
  const stop = stopSignal();
  const print = (user: string, state: PresenceState) => {
    const shown = userText(user, state.name);
    const text = options.json ? JSON.stringify({ user, ...state }) : `${shown}: ${presenceText(state)}`;
    return writeLine(terminal, printable(text));
  };
  try {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const limit = { signal, durationMs: options.timeoutMs };
    await signIn(client, serverUrl(options, terminal), { limit, interrupted: stop.interrupted });
    client.on('error', () => undefined);
    const ended = new Promise<never>((_, reject) => {
      client.on('state', ({ state, reason, code, willReconnect }) => {
        if (state !== 'disconnected' || willReconnect) return;
        reject(new CliFailure(ExitCode.failed, `The server ended the session (${code}): ${reason}`));
      });
      client.on('presence', ({ user, ...state }) => print(user, state).catch(reject));
    });
    ended.catch(() => undefined);
    const asked = options.watch ? client.watch(users, { signal }) : client.presence(users, { signal });
    for (const [user, state] of await Promise.race([asked, ended, stop.interrupted])) await print(user, state);
    if (options.watch) await Promise.race([ended, stop.interrupted]);
  } catch (error) {
    if (!(error instanceof LongwireError)) throw error;
    throw new CliFailure(ExitCode.failed, `No answer (${error.code}): ${error.message}`, { cause: error });
  } finally {
    await client.close();
    stop.release();
  }
}

const EXAMPLES = `
You see those who have written to you or are in a small group with you; all others look offline, whether they exist or
not. While the command runs, you are online yourself.

Examples:
  longwire presence --as alice bob carol
  longwire presence --as alice --watch bob
  longwire presence --as alice --json bob | jq .online`;
