// The face that the engines, and the container on ours, show to the benchmarks.
import { containerEngine } from './container-engine.mjs';
import { longwireEngine } from './longwire-engine.mjs';
import { wsEngine } from './ws-engine.mjs';

/**
 * @typedef {object} EngineOptions
 * @property {import('node:http').Server} server
 * @property {number} heartbeatMs of ours; `ws` has none
 * @property {(text: string) => void} onText any text from any connection
 */

/**
 * @typedef {object} Engine
 * @property {() => number} connections open ones
 * @property {(messages: readonly string[]) => void} broadcast to all, in the engine's best way to send what one turn produced
 * @property {(messages: readonly string[]) => void} broadcastSingly to all, message by message
 */

const engines = { longwire: longwireEngine, ws: wsEngine, container: containerEngine };

/**
 * @param {import('../harness/alternating-runs.mjs').Side} side
 * @param {EngineOptions} options
 * @returns {Engine}
 */
export function createEngine(side, options) {
  return engines[side](options);
}
