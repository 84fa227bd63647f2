// A folder with a running server in it, and the environment in which commands find it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgramProcess, type ProgramResult } from '@longwire/test-support/program-process';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { longwireCommand } from '@longwire/test-support/server-process';

const SETTINGS = { ...raisedRates, LONGWIRE_PRESENCE_GRACE_MS: '500' };

type Environment = Readonly<Record<string, string>>;

/** Starts `longwire` as a shell would. Nothing of this process's own settings reaches it. */
export function startCommand(args: readonly string[], environment: Environment, cwd: string): ProgramProcess {
  const { PATH = '', HOME = '' } = process.env;
  return new ProgramProcess([process.execPath, longwireCommand, ...args], {
    environment: { PATH, HOME, ...environment },
    cwd,
  });
}

export class CliHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'longwire-cli-'));
  url = '';
  port = 0;
  #server: ProgramProcess | undefined;

  static async open(): Promise<CliHome> {
    const home = new CliHome();
    home.#server = await home.startServer('data', ['--auth', 'dev', '--port', '0', '--dev-admins', 'crm']);
    home.port = JSON.parse(home.#server.stdout).port;
    home.url = `http://127.0.0.1:${home.port}`;
    return home;
  }

  /** Starts a command that finds the server of this home, unless `environment` says otherwise. */
  start(args: readonly string[], environment: Environment = {}): ProgramProcess {
    const own = { LONGWIRE_URL: this.url, LONGWIRE_DEVICE_FOLDER: join(this.folder, 'devices') };
    return startCommand(args, { ...own, ...environment }, this.folder);
  }

  run(args: readonly string[], environment?: Environment, input = ''): Promise<ProgramResult> {
    const child = this.start(args, environment);
    child.end(input);
    return child.result;
  }

  /**
   * Another server, with its data in the folder `name`, with rates that tests with thousands of messages do not reach, and with
   * a short grace before a user is offline.
   */
  async startServer(name: string, args: readonly string[]): Promise<ProgramProcess> {
    const child = this.start(['serve', '--json', '--data', join(this.folder, name), ...args], SETTINGS);
    await child.shows(/"event":"listening".*\n/);
    return child;
  }

  async close(): Promise<void> {
    await this.#server?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What was printed with `--json`. */
export function linesOf(text: string) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
