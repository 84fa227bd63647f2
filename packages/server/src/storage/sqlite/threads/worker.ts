// Entry of the storage thread.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { chooseDriver } from '../driver/choose-driver.js';
import { SqliteEngine } from '../engine.js';
import { folderGuard } from '../folder/lock-record.js';
import { PlaceRing } from '../places/recent-places.js';
import { asStorageError } from '../storage-failures.js';
import { HoldWatch } from './hold-watch.js';
import { ReaderThread } from './reader-thread.js';
import { type FromWorker, failureOf, type WorkerStart } from './worker-messages.js';
import { WriterThread } from './writer-thread.js';

const port = parentPort;
if (port === null) throw new Error('the storage worker is started by the store, not by hand');
const start = workerData as WorkerStart;

try {
  const opened = start.role === 'writer' ? startWriter(port) : startReader(port);
  port.postMessage(opened satisfies FromWorker);
} catch (error) {
  port.postMessage({ type: 'fatal', failure: failureOf(asStorageError(error)) } satisfies FromWorker);
  port.close();
}

function startWriter(to: MessagePort): FromWorker {
  const watch = new HoldWatch({
    onHeld: (held) => to.postMessage({ type: 'held', ...held } satisfies FromWorker),
    maxHoldMs: start.maxHoldMs,
  });
  const engine = new SqliteEngine({
    folder: start.folder,
    open: chooseDriver(start.driver),
    assertOwned: folderGuard(start.lock),
    keyWindowEntries: start.keyWindowEntries,
    devicesPerUser: start.devicesPerUser,
    needsNewEra: start.needsNewEra,
    quotas: start.quotas,
    watch,
    onDamage: (damage) => to.postMessage({ type: 'damage', failure: failureOf(damage) } satisfies FromWorker),
  });
  new WriterThread(engine, watch, to).start();
  return {
    type: 'opened',
    era: engine.era,
    driverName: engine.driverName,
    canShareFile: engine.canShareFile,
    isWritable: engine.isWritable,
    newest: engine.newest,
    notices: engine.notices,
    placeRing: engine.placeRing.shared,
  };
}

function startReader(to: MessagePort): FromWorker {
  const ring = new PlaceRing(start.placeRing);
  new ReaderThread({ folder: start.folder, open: chooseDriver(start.driver), ring }, to).start();
  return {
    type: 'opened',
    era: '',
    driverName: '',
    canShareFile: true,
    isWritable: true,
    newest: 0,
    notices: [],
    placeRing: ring.shared,
  };
}
