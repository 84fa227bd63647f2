// Runs one command of the bootstrap: quiet while it works, and on failure a sentence and the end of its output.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { projectRoot } from './workspaces.mjs';

const keptLogBytes = 64 * 1024;
const shownLogLines = 40;

/** A step of the bootstrap that failed; the message is a sentence for the person at the terminal. */
export class StepError extends Error {
  /** @override */
  name = 'StepError';
}

/**
 * Runs `file args` in the checkout and resolves with its output once it ended with code 0.
 * @param {string} title what the step does, as in "install dependencies"
 * @param {string} file
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] the whole environment; default: this process's
 * @returns {Promise<string>} the end (at most 64 KiB) of stdout and stderr
 * @throws {StepError} with the end of the log in the message
 */
export function runStep(title, file, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: projectRoot, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stopChild = endWith(child);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        log = (log + text).slice(-keptLogBytes);
      });
    }
    child.once('error', (error) => {
      stopChild();
      reject(new StepError(`Could not ${title}: ${file} did not start (${error.message}).`));
    });
    child.once('close', (code, signal) => {
      stopChild();
      if (code === 0) return resolve(log);
      const end = log.trimEnd().split('\n').slice(-shownLogLines).join('\n');
      const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      reject(new StepError(`Could not ${title}: ${basename(file)} ${how}. The end of its output:\n${end}`));
    });
  });
}

/**
 * Without this a killed `npm start` would leave `npm ci` running and rewriting node_modules.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} stops listening for signals
 */
function endWith(child) {
  /** @type {[NodeJS.Signals, number][]} */
  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ];
  const listeners = signals.map(([signal, exitCode]) => {
    const listener = () => {
      child.kill('SIGTERM');
      process.exit(exitCode);
    };
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}

/**
 * How to run npm: with this very Node where npm's script is known, so that no other Node on the PATH gets mixed in.
 * @returns {{ file: string, args: string[] }}
 */
export function npmCommand() {
  const besideNode = dirname(process.execPath);
  const scripts = [
    process.env.npm_execpath ?? '',
    join(besideNode, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(besideNode, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const script = scripts.find((path) => basename(path) === 'npm-cli.js' && existsSync(path));
  return script ? { file: process.execPath, args: [script] } : { file: 'npm', args: [] };
}
