// Device ids in a file, for programs that start again and go on reading where they were.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DeviceStore } from './platform.js';

interface DeviceFile {
  readonly version: 1;
  /** By user; under '' the device of a token that names none. */
  readonly devices: Readonly<Record<string, string>>;
}

/**
 * A device store in one JSON file, made with its folder when the first id is kept. It is replaced as a whole, so that a
 * crash leaves the old or the new one. Readable by its owner only.
 * Rejects if the file is there and is none of these: it is not overwritten.
 */
export function fileDeviceStore(path: string): DeviceStore {
  return {
    load: async (user = '') => (await readDevices(path)).get(user),
    save: async (user = '', device) => {
      const devices = await readDevices(path);
      const kept = devices.get(user);
      // Another program was first: both are the same device from now on.
      if (kept !== undefined) return kept;
      await writeDevices(path, devices.set(user, device));
      return (await readDevices(path)).get(user) ?? device;
    },
  };
}

async function readDevices(path: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const file = JSON.parse(text) as Partial<DeviceFile>;
  if (file.version !== 1 || typeof file.devices !== 'object') throw new Error(`${path} is no file of Longwire devices`);
  return new Map(Object.entries(file.devices));
}

async function writeDevices(path: string, devices: ReadonlyMap<string, string>): Promise<void> {
  const file: DeviceFile = { version: 1, devices: Object.fromEntries(devices) };
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
