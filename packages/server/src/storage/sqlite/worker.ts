// Entry of the storage thread.

import { parentPort, workerData } from 'node:worker_threads';
import { chooseDriver } from './driver/choose-driver.js';
import { SqliteEngine } from './engine.js';
import { folderGuard } from './folder-lock/folder-guard.js';
import { WorkLoop } from './work-loop.js';
import { type FromWorker, failureOf, type WorkerStart } from './worker-messages.js';

const port = parentPort;
if (port === null) throw new Error('the storage worker is started by the store, not by hand');
const start = workerData as WorkerStart;

try {
  const engine = new SqliteEngine({
    folder: start.folder,
    open: chooseDriver(start.driver),
    assertOwned: folderGuard(start.lock),
    keyWindowEntries: start.keyWindowEntries,
  });
  new WorkLoop(engine, port).start();
  const { era, driverName, isWritable } = engine;
  port.postMessage({ type: 'opened', era, driverName, isWritable } satisfies FromWorker);
} catch (error) {
  port.postMessage({ type: 'fatal', failure: failureOf(error) } satisfies FromWorker);
  port.close();
}
