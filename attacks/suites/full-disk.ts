// A disk that is full while clients go on: sending, signing in with devices known and new, reading.

import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMountFault } from '@longwire/test-support/namespaces';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Target } from '../harness/target.js';

export interface FullDiskScale {
  /** Sends that are refused, from one session. */
  readonly sends: number;
}

const DISK = '24m';
const IN_FLIGHT = 32;

const mountFault = findMountFault();

export function describeFullDisk(scale: FullDiskScale): void {
  describe.skipIf(mountFault !== undefined)(`a full disk${mountFault === undefined ? '' : ` (${mountFault})`}`, () => {
    let folder: string;
    let target: Target;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'longwire-full-'));
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder]);
      target = await Target.gateway({
        ...raisedRates,
        LONGWIRE_DATA: join(folder, 'data'),
        LONGWIRE_LIMITS_MIN_FREE_BYTES: '0',
      });
      const owner = await WireClient.signIn(target.url, 'owner', { device: 'known' });
      for (const peer of ['peer-1', 'peer-2']) await owner.ask({ type: 'send', to: `user/${peer}`, body: 'before' });
      const peer = await WireClient.signIn(target.url, 'peer-1', { device: 'known' });
      await peer.count('message', 1);
      await peer.ask({ type: 'read', channel: 'user/owner', offset: 1 });
      await peer.ask({ type: 'ack', cursors: { 'user/owner': 1 } });
      for (const client of [owner, peer]) await client.end();
      // The cursors are written every five seconds, and the file must not need another page for anything.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize));
    }, 60_000);
    afterAll(async () => {
      await target?.stop();
      spawnSync('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    });

    it('answers connect and history for devices known and new, and for users never seen (row 74)', async () => {
      await target.unharmed(async () => {
        await fill(target);
        const signIns = [
          ['peer-1', 'known'],
          ['peer-1', 'new'],
          ['peer-2', 'new'],
          ['somebody', 'new'],
        ] as const;
        for (const [user, device] of signIns) {
          const client = await WireClient.open(target.url);
          const connected = await client.ask({ type: 'connect', token: `dev:${user}`, device });
          expect(connected).toMatchObject({ type: 'connected', device: device === 'known' ? 'known' : 'new' });
          const page = await client.ask({ type: 'history', channel: 'user/owner' });
          expect(page).toMatchObject({ type: 'history', entries: user === 'somebody' ? [] : [{ body: 'before' }] });
          // What was read is not due to a device that is new; what was not is.
          if (user === 'peer-2') await client.count('message', 1);
          else expect({ user, device, due: client.ofType('message') }).toEqual({ user, device, due: [] });
          client.cut();
        }
      });
    });

    it('logs each kind of failure once a second, with a count (row 74)', async () => {
      await target.unharmed(async () => {
        const lineCount = () => target.served.output.split('\n').length;
        const before = lineCount();
        const startedAt = performance.now();
        await fill(target, scale.sends);
        const seconds = (performance.now() - startedAt) / 1_000;
        expect(lineCount() - before).toBeLessThan(10 + 3 * seconds);
        await until(() => target.served.output.includes('"count":'), 'a line with a count');
      });
    });

    it('answers sent again once there is room, and stores the device that it could not store before (row 74)', async () => {
      await target.unharmed(async () => {
        const client = await WireClient.signIn(target.url, 'peer-2', { device: 'tablet' });
        rmSync(join(folder, 'ballast'));
        await until(
          async () => (await client.ask({ type: 'send', to: 'user/owner', body: 1 })).type === 'sent',
          'room',
        );
        const again = await WireClient.open(target.url);
        // It is stored with the next cursors.
        await until(async () => {
          const other = await WireClient.open(target.url);
          const connected = await other.ask({ type: 'connect', token: 'dev:peer-2', device: 'tablet' });
          other.cut();
          return connected['device'] === 'known';
        }, 'the device to be known');
        for (const each of [client, again]) each.cut();
      });
    });
  });
}

/** A disk that gets full while sends could still be stored. */
export function describeNearlyFullDisk(): void {
  describe.skipIf(mountFault !== undefined)(
    `a nearly full disk${mountFault === undefined ? '' : ` (${mountFault})`}`,
    () => {
      it('answers send with storage_full below 5 % of free space, goes on reading and acknowledging, and sends again with room (row 78)', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'longwire-nearly-full-'));
        spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder]);
        const target = await Target.gateway({ ...raisedRates, LONGWIRE_DATA: join(folder, 'data') });
        const ready = async () => (await fetch(new URL('/readyz', target.url.replace('ws', 'http')))).status;
        try {
          await target.unharmed(async () => {
            const owner = await WireClient.signIn(target.url, 'owner');
            const send = (key: string) => owner.ask({ type: 'send', to: 'user/peer', body: 'before', key });
            expect((await send('k1')).type).toBe('sent');
            const { bavail, bsize, blocks } = statfsSync(folder);
            writeFileSync(join(folder, 'ballast'), Buffer.alloc(Math.floor(bsize * (bavail - blocks * 0.04))));
            await until(async () => (await ready()) === 503, 'a check of the free space');
            expect(await send('k2')).toMatchObject({ type: 'error', code: 'storage_full' });
            expect(await send('k1')).toMatchObject({ type: 'sent', repeated: true });
            const peer = await WireClient.signIn(target.url, 'peer', { device: 'new' });
            await peer.count('message', 1);
            await peer.ask({ type: 'ack', cursors: { 'user/owner': 1 } });
            expect(await peer.ask({ type: 'history', channel: 'user/owner' })).toMatchObject({ type: 'history' });
            expect(target.served.output).toContain('limits.minFreeBytes');
            rmSync(join(folder, 'ballast'));
            await until(async () => (await ready()) === 200, 'a check of the free space');
            expect((await send('k2')).type).toBe('sent');
            for (const client of [owner, peer]) client.cut();
          });
        } finally {
          await target.stop();
          spawnSync('umount', ['-l', folder]);
          await rm(folder, { recursive: true, force: true });
        }
      });
    },
  );
}

/** Sends until the disk is full, and then so many more. */
async function fill(target: Target, more = 1): Promise<void> {
  const sender = await WireClient.signIn(target.url, 'owner', { device: 'known' });
  let refused = 0;
  const body = 'x'.repeat(20_000);
  const send = async (): Promise<void> => {
    while (refused < more) {
      const { type, code } = await sender.ask({ type: 'send', to: 'user/owner', body });
      if (type === 'sent') continue;
      expect(code).toBe('storage_full');
      refused += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(more, IN_FLIGHT) }, send));
  sender.cut();
}
