// The face that both engines show to the benchmarks.
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

/**
 * @param {import('../harness/alternating-runs.mjs').Side} side
 * @param {EngineOptions} options
 * @returns {Engine}
 */
export function createEngine(side, options) {
  return side === 'longwire' ? longwireEngine(options) : wsEngine(options);
}
