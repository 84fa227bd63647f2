// The SQLite engine without its thread, for tests that look inside the folder or choose its sizes.

import { channelOfName } from '../../../src/storage/channel-name.js';
import type { AppendRequest } from '../../../src/storage/message-log.js';
import { unlimitedQuotas } from '../../../src/storage/quotas.js';
import { batchFrameOf, RESULT_STRIDE, resultAt } from '../../../src/storage/sqlite/appending/append-frames.js';
import type { DamageListener } from '../../../src/storage/sqlite/damage.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { type EngineOptions, SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { pageFrom } from '../../../src/storage/sqlite/reading/page-frames.js';
import { HoldWatch } from '../../../src/storage/sqlite/threads/hold-watch.js';
import { errorFrom, type WorkerCalls } from '../../../src/storage/sqlite/threads/worker-messages.js';
import type { TestedDriver } from './data-folder.js';

export function openEngine(
  folder: string,
  driver: TestedDriver,
  keyWindowEntries = 1_024,
  onDamage: DamageListener = () => undefined,
  options: Partial<Pick<EngineOptions, 'needsNewEra' | 'placeBatchRows' | 'quotas'>> = {},
): SqliteEngine {
  const open = chooseDriver(driver);
  const assertOwned = () => undefined;
  const watch = new HoldWatch({ onHeld: () => undefined, maxHoldMs: undefined });
  return new SqliteEngine({
    folder,
    open,
    assertOwned,
    keyWindowEntries,
    devicesPerUser: 32,
    needsNewEra: false,
    quotas: unlimitedQuotas,
    onDamage,
    watch,
    ...options,
  });
}

/** One batch in one transaction. */
export function append(engine: SqliteEngine, ...batch: AppendRequest[]) {
  const frame = batchFrameOf(batch, { stamp: 0, isSecondTry: false });
  const flat: number[] = [];
  let failure: Error | undefined;
  engine.write([
    {
      command: 'append',
      apply: (self) => self.append(frame, flat),
      fail: (frame) => {
        failure = errorFrom(frame);
      },
    },
  ]);
  if (failure !== undefined) throw failure;
  return batch.map((_, index) => resultAt(flat, index * RESULT_STRIDE, engine.era));
}

export function readPage(engine: SqliteEngine, request: WorkerCalls['pages']['input'][number]) {
  return pageFrom(engine.page(request), channelOfName(request.channel), engine.era);
}

/** Gives all entries their places in the table, as the storage thread does in the background. */
export function placeAll(engine: SqliteEngine): void {
  engine.beginPlacing(1);
  while (engine.isPlacingDue) engine.place(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
}
