// Help and invalid usage, in the process of the test.

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli } from '../src/run-cli.js';

async function runHere(
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<{ exit: number; stdout: string; stderr: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const exit = await runCli(args, { stdin, stdout, stderr, environment: {}, workingDirectory: process.cwd() });
  return { exit, stdout: written(stdout), stderr: written(stderr) };
}

/** Everything written: from Node 26 on one read returns one chunk only. */
function written(stream: PassThrough): string {
  const chunks: string[] = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(String(chunk));
  return chunks.join('');
}

describe('longwire', () => {
  it.each([
    ['--help', []],
    ['serve', ['--port', '--host', '--data', '--auth', '--jwt-secret', '--jwks', '--config', 'LONGWIRE_PORT']],
    ['connect', ['ws://', '--json']],
    ['chat', ['--as', '/to']],
    ['send', ['user/bob']],
    ['tail', ['--as']],
    ['history', ['--before']],
    ['conversations', ['--after']],
    ['token create', ['--expires-in']],
    ['token verify', ['--jwks']],
    ['config print', ['--json']],
    ['era new', ['--data', '--config']],
  ])('%s has help with examples', async (command, mentioned) => {
    const { exit, stdout } = await runHere([...command.split(' '), ...(command === '--help' ? [] : ['--help'])]);
    expect(exit).toBe(0);
    for (const part of ['Usage: longwire', 'Examples:', ...mentioned]) expect(stdout).toContain(part);
    expect(stdout).not.toContain('\u001b');
  });

  it('token create --help shows the default of --expires-in as 1h', async () => {
    const { stdout } = await runHere(['token', 'create', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('lifetime: 30s, 15m, 1h, 7d (default: 1h)');
    expect(stdout).not.toContain('3600');
  });

  it('an error of a subcommand names its --help', async () => {
    expect((await runHere(['token', 'create'])).stderr).toContain('(see longwire token create --help)');
  });

  it('--version prints the version', async () => {
    expect((await runHere(['--version'])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.each([
    ['an unknown command, with the nearest', ['serv'], 'serve'],
    ['an unknown option, with the nearest', ['serve', '--prot', '1'], '--port'],
    ['no auth', ['serve'], '--auth'],
    ['auth dev beyond this machine', ['serve', '--auth', 'dev', '--host', '0.0.0.0'], 'this machine only'],
    ['a port that is none', ['serve', '--auth', 'dev', '--port', 'x'], '--port'],
    ['a configuration file that is not there', ['serve', '--config', 'none.yaml'], 'none.yaml'],
    ['no name', ['send', 'user/bob', 'hi'], '--as'],
    ['two names', ['tail', '--as', 'bob', '--token', 'x'], 'not both'],
    ['a bad name', ['tail', '--as', 'b b'], 'user id'],
    ['a decomposed --as', ['tail', '--as', 'jose\u0301'], 'NFC'],
    ['a decomposed --to', ['chat', '--as', 'a', '--to', 'jose\u0301'], 'NFC'],
    ['a decomposed --device', ['tail', '--as', 'a', '--device', 'jose\u0301'], 'NFC'],
    ['a decomposed user of a token', ['token', 'create', 'jose\u0301'], 'NFC'],
    [
      'a decomposed address, with what was meant',
      ['send', '--as', 'a', 'user/jose\u0301', 'x'],
      '(NFC). Did you mean user/jos\u00e9?',
    ],
    ['a bad address, with what was meant', ['send', '--as', 'alice', 'bob', 'hi'], 'user/bob'],
    ['a body that is no JSON', ['send', '--as', 'alice', 'user/bob', '--body', '{'], 'JSON'],
    ['a URL that is none', ['connect', 'http://x'], 'ws:'],
    ['no secret for a token', ['token', 'create', 'alice'], '--jwt-secret'],
    ['a role there is not', ['token', 'create', 'alice', '--role', 'root'], 'admin'],
    ['a token of no life', ['token', 'create', 'alice', '--expires-in', '0s'], '1s'],
    ['a token that lives longer than dates go', ['token', 'create', 'alice', '--expires-in', '999999999d'], '36500d'],
    ['no time to wait', ['send', '--as', 'alice', 'user/bob', 'hi', '--timeout-ms', '0'], '2147483647'],
    // Node's timers count in 32 bits: the first of these would fire at once, the second would throw.
    [
      'a longer wait than a timer has',
      ['send', '--as', 'alice', 'user/bob', 'hi', '--timeout-ms', '3000000000'],
      '2147483647',
    ],
    [
      'a much longer wait than a timer has',
      ['send', '--as', 'alice', 'user/bob', 'hi', '--timeout-ms', '5000000000'],
      '2147483647',
    ],
    ['a longer wait for answers than a timer has', ['connect', 'ws://x', '--wait-ms', '3000000000'], '2147483647'],
    ['nothing to send', ['send', '--as', 'alice', 'user/bob'], 'stdin is empty'],
  ])('invalid usage, with %s, exits 2 and says what is wrong', async (_what, args, expected) => {
    const { exit, stderr, stdout } = await runHere(args);
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([exit, stdout]).toEqual([2, '']);
  });

  it.each([
    ['bytes that are no text', Buffer.from([0x68, 0xff, 0x69]), 2, 'UTF-8'],
    ['a character that was cut off', Buffer.from('é').subarray(0, 1), 2, 'UTF-8'],
    ['nothing but a newline', '\n', 2, 'stdin is empty'],
    ['more than any server takes', Buffer.alloc(16 * 1024 * 1024 + 1, 'x'), 1, '16777216 bytes'],
  ])('send with %s on stdin sends nothing and exits with the reason', async (_what, input, expectedExit, expected) => {
    const { exit, stdout, stderr } = await runHere(['send', '--as', 'alice', 'user/bob'], input);
    expect(stderr).toContain(expected);
    expect([exit, stdout]).toEqual([expectedExit, '']);
  });
});
