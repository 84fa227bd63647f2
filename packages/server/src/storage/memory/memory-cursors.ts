// Cursors of the memory engine.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../../channel/channel.js';
import { messageKind } from '../../channel/entry.js';
import { type Cursors, type CursorWrite, MAX_SINGLE_READS, type SingleRead, type StoredCursors } from '../cursors.js';
import { type MemoryState, singleReadsAbove, useDevice } from './memory-state.js';

export class MemoryCursors implements Cursors {
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async write(batch: readonly CursorWrite[]): Promise<void> {
    this.#state.assertOpen();
    for (const write of batch) this.#writeOne(write);
  }

  async readSingly({ channel, offset, read }: SingleRead): Promise<readonly number[] | undefined> {
    this.#state.assertOpen();
    const known = this.#state.channels.get(channel.key);
    if (known === undefined) return [];
    const above = Math.max(read, known.base);
    const singles = singleReadsAbove(known, above);
    const entry = known.entries[offset - 1];
    const isThere = entry?.kind === messageKind && entry.from === undefined && !known.removed.has(offset);
    if (offset <= above || singles.includes(offset) || !isThere) return singles;
    if (singles.length >= MAX_SINGLE_READS) return undefined;
    known.singleReads.add(offset);
    return singleReadsAbove(known, above);
  }

  async load(
    wanted: readonly { readonly user: UserId; readonly channel: Channel }[],
  ): Promise<readonly StoredCursors[]> {
    this.#state.assertOpen();
    return wanted.map(({ user, channel }) => {
      const known = this.#state.channels.get(channel.key);
      const member = known && this.#state.memberOf(user, known);
      return { user, channel, read: member?.read ?? 0, delivered: member?.delivered ?? 0 };
    });
  }

  #writeOne(write: CursorWrite): void {
    const channel = this.#state.channels.get(write.channel.key);
    const member = channel && this.#state.memberOf(write.user, channel);
    if (member === undefined) return;
    member.read = Math.max(member.read, write.read ?? 0);
    member.delivered = Math.max(member.delivered, write.delivered ?? 0);
    for (const offset of channel!.singleReads) if (offset <= member.read) channel!.singleReads.delete(offset);
    const user = this.#state.users.get(write.user);
    if (user === undefined) return;
    for (const [deviceId, offset] of write.devices) {
      const cursors = useDevice(user, deviceId)?.cursors;
      if (cursors === undefined) continue;
      const { key } = write.channel;
      if (!cursors.has(key)) this.#state.countCursor();
      cursors.set(key, Math.max(cursors.get(key) ?? 0, offset));
    }
  }
}
