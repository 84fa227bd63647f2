// How a Unix socket in a folder is named: by a path short enough for the kernel.

import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** sun_path has 108 bytes on Linux and 104 elsewhere, a NUL among them (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 103;

/** A way to name a socket in the folder. `release` it once nothing listens or connects under it any more. */
export interface SocketAddress {
  readonly path: string;
  release(): void;
}

export function socketAddress(folder: string, name: string): SocketAddress {
  const path = join(folder, name);
  if (process.platform === 'win32') return { path: pipeName(path), release: () => undefined };
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return { path, release: () => undefined };
  return process.platform === 'linux' ? throughDescriptor(folder, name) : throughLink(folder, name);
}

/** Windows has named pipes instead; they vanish with their process as well. */
function pipeName(path: string): string {
  return `\\\\.\\pipe\\longwire-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
}

function throughDescriptor(folder: string, name: string): SocketAddress {
  const descriptor = openSync(folder, 'r');
  return { path: `/proc/self/fd/${descriptor}/${name}`, release: () => closeSync(descriptor) };
}

function throughLink(folder: string, name: string): SocketAddress {
  const place = mkdtempSync(join(tmpdir(), 'lw-'));
  const link = join(place, 'f');
  symlinkSync(folder, link);
  return { path: join(link, name), release: () => rmSync(place, { recursive: true, force: true }) };
}
