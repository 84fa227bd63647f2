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
import {
  errorFrom,
  type MaintenanceFrame,
  type MaintenanceStepFrame,
  type WorkerCalls,
} from '../../../src/storage/sqlite/threads/worker-messages.js';
import { MaintenanceTask } from '../../../src/storage/sqlite/threads/write-tasks.js';
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

/** A whole step, in parts of `budgetMs`, each in a transaction of its own. */
export function maintain(engine: SqliteEngine, step: MaintenanceStepFrame, budgetMs = 0): void {
  let next = step;
  for (;;) {
    const task = new MaintenanceTask(0, { step: next, budgetMs });
    engine.write([task]);
    const { outcome } = task;
    if (outcome === undefined || 'failure' in outcome) throw errorFrom(outcome!.failure);
    const progress = outcome.output as MaintenanceFrame;
    if (progress.isDone) return;
    next = progress.next;
  }
}

/** Gives all entries their places in the table, as the storage thread does in the background. */
export function placeAll(engine: SqliteEngine): void {
  engine.beginPlacing(1);
  while (engine.isPlacingDue) engine.place(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
}
