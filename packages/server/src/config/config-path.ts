// Paths in the configuration: relative to the working directory, with `~` for the home folder.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from './environment.js';

/** What a path is relative to. */
export interface PathSurroundings {
  readonly environment: Environment;
  readonly workingDirectory: string;
}

/**
 * The absolute path that `path` means. A shell does not expand `~` in `--data=~/x`, in a variable of a service file or
 * in YAML, so it is expanded here; otherwise a folder named `~` would be made.
 * @param report  receives why `~` cannot be expanded
 */
export function configPath(path: string, surroundings: PathSurroundings, report: (problem: string) => void): string {
  const literal = resolve(surroundings.workingDirectory, path);
  const match = /^~([^/\\]*)(?:[/\\]+(.*))?$/s.exec(path);
  if (match === null) return literal;
  const [, user = '', rest = ''] = match;
  if (user !== '') {
    report(`${path}: only ~ and ~/… stand for a home folder. Write ./${path} for a file of that name`);
    return literal;
  }
  const home = homeFolder(surroundings.environment);
  if (home !== undefined) return join(home, rest);
  report(`${path}: there is no home folder, because HOME is not set. Give an absolute path`);
  return literal;
}

function homeFolder(environment: Environment): string | undefined {
  try {
    return environment['HOME'] || homedir() || undefined;
  } catch {
    // A system error: the user of the process has no entry in /etc/passwd, as in many containers.
    return undefined;
  }
}
