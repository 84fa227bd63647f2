import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { describe, expect, it } from 'vitest';

const SENDS = 1_000;
const IN_FLIGHT = 32;

/** Why strace cannot be used here; undefined if it can. In CI a missing strace fails the test. */
function missingStrace(): string | undefined {
  try {
    execFileSync('strace', ['-D', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'strace is not installed or may not trace here';
  }
}

/** When things happened, as line numbers of the trace. */
interface Trace {
  /** First write of a message's body into the store. */
  readonly stored: ReadonlyMap<number, number>;
  /** Ends of successful syncs, ascending. */
  readonly synced: readonly number[];
  /** Start of the socket write that carried the answer. */
  readonly answered: ReadonlyMap<number, number>;
}

function readTrace(text: string): Trace {
  const stored = new Map<number, number>();
  const answered = new Map<number, number>();
  const synced: number[] = [];
  text.split('\n').forEach((line, at) => {
    if (/(?:fdatasync|fsync)\(.*= 0$|<\.\.\. (?:fdatasync|fsync) resumed>.*= 0$/.test(line)) {
      synced.push(at);
    } else if (/pwrite(?:64|v2?)\(/.test(line)) {
      for (const [, n] of line.matchAll(/marker-(\d+)-/g)) if (!stored.has(Number(n))) stored.set(Number(n), at);
    } else if (/(?:write|writev|sendto|sendmsg)\(/.test(line)) {
      for (const [, n] of line.matchAll(/\{\\"re\\":(\d+),\\"type\\":\\"sent\\"/g)) answered.set(Number(n), at);
    }
  });
  return { stored, synced, answered };
}

const missing = missingStrace();
const isLaptop = process.env['CI'] !== 'true';

describe.skipIf(missing !== undefined && isLaptop)(
  `sent${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    it(`is written to the socket only after the sync that follows the insert, over ${SENDS} sends under strace (row 61)`, async () => {
      expect(missing).toBeUndefined();
      const folder = await mkdtemp(join(tmpdir(), 'longwire-trace-'));
      const file = join(folder, 'trace');
      const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,pwritev,pwritev2,fsync,fdatasync';
      const server = await ServerProcess.start(raisedRates, [
        'strace',
        '-D',
        '-f',
        '-o',
        file,
        '-s',
        '300000',
        '-e',
        calls,
        process.execPath,
      ]);
      try {
        const client = await WireClient.signIn(server.gatewayUrl, 'alice');
        for (let n = 0; n < SENDS; n += 1) {
          await client.until(() => client.ofType('sent').length > n - IN_FLIGHT);
          client.say({ id: 100_000 + n, type: 'send', to: 'user/bob', body: `marker-${100_000 + n}-` });
        }
        await client.count('sent', SENDS);
        client.cut();
      } finally {
        await server.kill('SIGTERM');
      }
      // strace ends a moment after the server: the file is complete when it has the exit.
      const text = await until(async () => {
        const written = await readFile(file, 'latin1').catch(() => '');
        return written.includes('+++ exited with 0 +++') && written;
      }, 'the end of the trace');
      const trace = readTrace(text);
      expect(trace.answered.size).toBe(SENDS);
      const early: string[] = [];
      for (const [n, answeredAt] of trace.answered) {
        const storedAt = trace.stored.get(n);
        const syncedAt = storedAt === undefined ? undefined : trace.synced.find((at) => at > storedAt);
        if (syncedAt === undefined || answeredAt < syncedAt)
          early.push(`send ${n}: stored ${storedAt}, synced ${syncedAt}, answered ${answeredAt}`);
      }
      expect(early).toEqual([]);
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    });
  },
);
