// Device ids in a file, for programs that continue to read where they stopped.

import { appendFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseDeviceId } from '@longwire/protocol';
import type { DeviceStore } from './platform.js';

/**
 * A device store in one file, which is made with its folder when the first id is kept. Only its owner can read it.
 *
 * Any number of processes may share the file, without a lock: each id is appended as one line, and of several ids of a
 * user the first line counts, for every process.
 * Rejects if the file exists and is not a file of device ids, which is not changed then, and if the file or its folder cannot
 * be created.
 */
export function fileDeviceStore(path: string): DeviceStore {
  return {
    load: async (user = '') => (await readDevices(path)).get(user),
    save: async (user = '', device) => {
      const kept = (await readDevices(path)).get(user);
      if (kept !== undefined) return kept;
      await createFolder(dirname(path));
      const line = `${JSON.stringify({ user, device })}\n`;
      // Behind a line that was cut off by a full disk the first attempt is not readable. The second begins a new line.
      for (const text of [line, `\n${line}`]) {
        await appendFile(path, text, { mode: 0o600 });
        const first = (await readDevices(path)).get(user);
        if (first !== undefined) return first;
      }
      throw new Error(`${path} does not keep what is written`);
    },
  };
}

/**
 * Creates the folder and those above it that are missing. One at a time: with `recursive`, Node's mkdir loops endlessly where
 * the parent exists and creation fails with ENOENT, as in /proc.
 */
async function createFolder(folder: string): Promise<void> {
  if (await exists(folder)) return;
  if (dirname(folder) !== folder) await createFolder(dirname(folder));
  await mkdir(folder).catch((cause: NodeJS.ErrnoException) => {
    // EEXIST: another process was faster.
    if (cause.code !== 'EEXIST') throw new Error(`cannot create the folder ${folder}: ${cause.message}`, { cause });
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** User → device id; '' is the user of a token that names none. */
async function readDevices(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const linesStart = text.search(/^\{"user":/m);
  const head = linesStart < 0 ? text : text.slice(0, linesStart);
  const devices = new Map(devicesOfFirstFormat(head, path));
  for (const line of text.slice(head.length).split('\n')) {
    // A line that another process is writing at this moment, or that a full disk cut off, is not JSON.
    const { user, device } = parseObject(line);
    if (typeof user !== 'string' || typeof device !== 'string' || devices.has(user)) continue;
    if (parseDeviceId(device) !== undefined) devices.set(user, device);
  }
  return devices;
}

/** What precedes the lines: nothing, or the ids in the format of earlier versions, `{"version":1,"devices":{…}}`. */
function devicesOfFirstFormat(text: string, path: string): [string, string][] {
  const { version, devices } = parseObject(text);
  if (version === 1 && typeof devices === 'object' && devices !== null) return Object.entries(devices);
  // The beginning of a first line that another process is writing at this moment.
  if (text.trim() === '' || '{"user":'.startsWith(text)) return [];
  throw new Error(`${path} is not a file of Longwire device ids`);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
