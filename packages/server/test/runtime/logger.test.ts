import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../../src/runtime/logger.js';

function capture(options: { level?: LogLevel; isTTY?: boolean; color?: boolean } = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line), isTTY: options.isTTY ?? false };
  return {
    lines,
    logger: createLogger({ level: options.level ?? 'info', destination, color: options.color ?? false }),
  };
}

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWl0';

describe('createLogger', () => {
  it('writes one JSON object a line with level, time, message and fields', () => {
    const { lines, logger } = capture();
    logger.child({ session: 's1' }).info({ user: 'alice' }, 'signed in');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, session: 's1', user: 'alice', msg: 'signed in' });
    expect(lines[0]?.endsWith('\n')).toBe(true);
  });

  it('writes readable lines to a terminal, without escape codes unless colour was asked for', () => {
    const plain = capture({ isTTY: true });
    plain.logger.warn({ port: 8080 }, 'port is busy');
    expect(plain.lines[0]).toMatch(/WARN.*port is busy/);
    expect(plain.lines[0]).not.toContain('\u001b[');
    const colourful = capture({ isTTY: true, color: true });
    colourful.logger.warn({}, 'port is busy');
    expect(colourful.lines[0]).toContain('\u001b[');
  });

  it('writes control characters and bidirectional marks to a terminal as escapes, and other text as it is', () => {
    const { lines, logger } = capture({ isTTY: true });
    logger.info({ user: 'bob\u202egnp\u009b2J', path: 'C:\\u001b' }, 'a\u001b[2J\\b\u0007 "é" 张三');
    const text = lines.join('');
    expect(text).toContain('a\\u001b[2J\\b\\u0007 "é" 张三');
    expect(text).toContain('bob\\u202egnp\\u009b2J');
    expect(text).toContain('"C:\\u001b"');
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  it('leaves out what is below its level', () => {
    const { lines, logger } = capture({ level: 'warn' });
    logger.info({}, 'unseen');
    logger.debug({}, 'unseen');
    logger.error({}, 'seen');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['a field', { token: jwt }],
    ['a nested field', { config: { jwtSecret: 'canary-canary-canary-canary-canary' } }],
    ['request headers', { headers: { authorization: `Bearer ${jwt}`, cookie: 'sid=canary' } }],
    ['an offered subprotocol', { headers: { 'sec-websocket-protocol': `longwire.v1.json, bearer.${jwt}` } }],
    ['the text of another field', { path: `/v1/connect?access=${jwt}` }],
    ['an error', { err: new Error(`cannot read ${jwt}`) }],
  ])('blanks a secret in %s', (_place, fields) => {
    const { lines, logger } = capture();
    logger.info(fields, `said ${jwt}`);
    expect(lines[0]).toContain('[redacted]');
    expect(lines[0]).not.toContain('c2lnbmF0dXJl');
    expect(lines[0]).not.toContain('canary');
  });

  it('writes an error with its stack and its cause', () => {
    const { lines, logger } = capture();
    logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    const { err } = JSON.parse(lines[0] ?? '');
    expect(err.message).toContain('outer');
    expect(err.stack).toContain('inner');
  });

  it('loses a line that throws, and says how many were lost once a line can be written again', () => {
    const lines: string[] = [];
    let isFull = false;
    const destination = {
      write: (line: string, done?: (error?: Error | null) => void) => {
        if (isFull) throw new Error('ENOSPC');
        lines.push(line);
        done?.();
      },
    };
    const logger = createLogger({ level: 'info', destination, color: false });
    isFull = true;
    for (let count = 0; count < 3; count += 1) logger.info({ count }, 'unwritten');
    isFull = false;
    logger.info({}, 'written');
    logger.info({}, 'written too');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'written' },
      { level: 40, lost: 3, msg: 'Log lines were lost because they could not be written' },
      { msg: 'written too' },
    ]);
  });

  it('survives a stream that emits an error, and one that is destroyed', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const logger = createLogger({ level: 'info', destination: stream, color: false });
    logger.info({}, 'lost');
    await new Promise((resolve) => stream.once('close', resolve));
    logger.info({}, 'lost as well');
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.destroyed).toBe(true);
  });

  it('loses lines instead of holding more than a mebibyte for a stream whose reader is slow', () => {
    const stream = new Writable({ write: () => undefined });
    const logger = createLogger({ level: 'info', destination: stream, color: false });
    for (let count = 0; count < 3_000; count += 1) logger.info({ text: 'x'.repeat(1_000) }, 'a line');
    expect(stream.writableLength).toBeLessThan(1_100_000);
    stream.destroy();
  });
});
