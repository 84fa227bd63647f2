import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { otherTlsCertificate, tlsCertificate } from '@longwire/test-support/tls-certificate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen, stopListening } from '../../src/http/listener.js';
import { TlsFiles } from '../../src/http/tls-files.js';
import { createLogger } from '../../src/runtime/logger.js';

let folder: string;
let paths: { cert: string; key: string };
let lines: string[];
let clock: ManualClock;
let server: Server;
let port: number;

const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(line) }, color: false });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-tls-'));
  paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  lines = [];
  clock = new ManualClock();
  put(tlsCertificate);
  const files = new TlsFiles(paths, { clock, logger });
  server = createServer({ ...files.keyPair });
  files.watch(server);
  port = (await listen(server, { host: '127.0.0.1', port: 0 })).port;
});
afterEach(async () => {
  await stopListening(server, 0);
  rmSync(folder, { recursive: true, force: true });
});

/** As tools that renew certificates do: written beside, then renamed. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function put({ cert, key }: { readonly cert: string; readonly key: string }): void {
  replace(paths.cert, cert);
  replace(paths.key, key);
}

/** The certificate that a new connection gets. */
function presented(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()!.toString().trim());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('TlsFiles', () => {
  it('gives new connections the certificate that the files hold after they were replaced', async () => {
    expect(await presented()).toBe(tlsCertificate.cert);
    put(otherTlsCertificate);
    clock.advanceSync(5_000);
    expect(await presented()).toBe(otherTlsCertificate.cert);
    expect(lines.join()).toContain('because they changed');
  });

  it('follows a link whose target is another file now, as that of a mounted secret', async () => {
    rmSync(paths.cert);
    rmSync(paths.key);
    for (const [name, pair] of Object.entries({ old: tlsCertificate, renewed: otherTlsCertificate })) {
      writeFileSync(join(folder, `${name}.cert`), pair.cert);
      writeFileSync(join(folder, `${name}.key`), pair.key);
    }
    for (const name of ['old', 'renewed']) {
      for (const kind of ['cert', 'key'] as const) {
        symlinkSync(`${name}.${kind}`, join(folder, 'link'));
        renameSync(join(folder, 'link'), paths[kind]);
      }
      clock.advanceSync(5_000);
    }
    expect(await presented()).toBe(otherTlsCertificate.cert);
  });

  it.each([
    ['only one of the two was replaced', () => replace(paths.cert, otherTlsCertificate.cert)],
    ['the new file is no certificate', () => replace(paths.cert, 'renewed')],
    ['a file is gone', () => rmSync(paths.key)],
  ])('keeps the old certificate and logs it once when %s', async (_what, change) => {
    change();
    clock.advanceSync(20_000);
    expect(await presented()).toBe(tlsCertificate.cert);
    expect(lines.filter((line) => line.includes('the old ones stay'))).toHaveLength(1);
    expect(lines.join()).not.toContain('PRIVATE KEY');
    put(otherTlsCertificate);
    clock.advanceSync(5_000);
    expect(await presented()).toBe(otherTlsCertificate.cert);
  });

  it.each([
    ['the key belongs to another certificate', () => replace(paths.key, otherTlsCertificate.key)],
    ['a file is missing', () => rmSync(paths.cert)],
  ])('is refused with invalid_config when %s at the start', (_what, change) => {
    change();
    expect(() => new TlsFiles(paths, { clock, logger })).toThrowError(
      expect.objectContaining({ code: 'invalid_config', message: expect.stringContaining(paths.cert) }),
    );
  });
});
