// What the kernel holds of TCP sockets until their peers acknowledge it: /proc/net/tcp and tcp6 of Linux (proc(5)). Node has no
// other way to it, and without it a reader of 4 KB/s looks stuck: it drains megabytes there before a write of ours completes.
import { type FileHandle, open } from 'node:fs/promises';
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { endianness } from 'node:os';
import type { Duplex } from 'node:stream';

/** The kernel's side of one socket. */
export interface KernelSendQueue {
  /** Bytes taken from us that the peer has not acknowledged. */
  readonly bytes: number;
  /** Retransmissions, or probes of a closed window, that the peer has left unanswered in a row. */
  readonly unanswered: number;
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** The kernel gives about 4 KiB at a time, whatever is asked for. */
const CHUNK_BYTES = 16_384;

/**
 * Reads the tables of all TCP sockets once.
 * @param keys of the sockets asked for, see `sendQueueKey`
 * @returns what was found by key; undefined where there are no such tables
 */
export async function readSendQueues(
  keys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, KernelSendQueue> | undefined> {
  const found = new Map<string, KernelSendQueue>();
  let hasTable = false;
  for (const table of TABLES) {
    const file = await open(table).catch(() => undefined);
    if (file === undefined) continue;
    try {
      hasTable = true;
      for await (const line of linesOf(file)) findQueue(line, keys, found);
    } catch {
      // A table that cannot be read says nothing.
    } finally {
      await file.close();
    }
  }
  return hasTable ? found : undefined;
}

/** Names a socket as the tables do: both addresses and ports in hexadecimal. Undefined for what is not an open TCP socket. */
export function sendQueueKey(socket: Duplex): string | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket as Partial<Socket>;
  if (localPort === undefined || remotePort === undefined) return undefined;
  const local = addressInTable(localAddress ?? '');
  const remote = addressInTable(remoteAddress ?? '');
  if (local === undefined || remote === undefined) return undefined;
  return `${local}:${portInTable(localPort)} ${remote}:${portInTable(remotePort)}`;
}

async function* linesOf(file: FileHandle): AsyncGenerator<string> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = '';
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Columns: number, local and remote address, state, tx:rx queue, timer, retransmissions, user, unanswered probes, … */
const LINE = /^ *\d+: (\S+ \S+) \S+ ([0-9A-F]+):\S+ \S+ ([0-9A-F]+) +\d+ +(\d+)/;

function findQueue(line: string, keys: ReadonlySet<string>, found: Map<string, KernelSendQueue>): void {
  const match = LINE.exec(line);
  if (match === null || !keys.has(match[1]!)) return;
  const [, key, bytes, retransmissions, probes] = match as unknown as [string, string, string, string, string];
  const unanswered = Math.max(Number.parseInt(retransmissions, 16), Number(probes));
  found.set(key, { bytes: Number.parseInt(bytes, 16), unanswered });
}

function portInTable(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** As the kernel prints it: words of 32 bits in the byte order of the machine. */
function addressInTable(address: string): string | undefined {
  const bytes = addressBytes(address);
  if (bytes === undefined) return undefined;
  if (endianness() === 'LE') bytes.swap32();
  return bytes.toString('hex').toUpperCase();
}

function addressBytes(address: string): Buffer | undefined {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // A link-local address names its interface behind a percent sign.
  const plain = address.split('%')[0] ?? '';
  if (!isIPv6(plain)) return undefined;
  // The last 32 bits may be written as an IPv4 address, as those of mapped addresses are.
  const dotted = /(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  const text = dotted === null ? plain : `${dotted[1]}${wordsOf(dotted[2]!)}`;
  const [head = '', tail] = text.split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + tailGroups.length < 8) groups.push('0');
  return Buffer.from([...groups, ...tailGroups].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function wordsOf(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
