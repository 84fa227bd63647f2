// Us, the peer, us, the peer, …: what changes on the machine while a benchmark runs meets both.

/** The bare engine, its peer, and the endpoint container on the engine. @typedef {'longwire' | 'ws' | 'container'} Side */

/** The engine against its peer. */
export const engineSides = /** @type {const} */ (['longwire', 'ws']);

/** The container against the engine it stands on, and against the peer of the engine. */
export const containerSides = /** @type {const} */ (['container', 'longwire', 'ws']);

/**
 * @template {Side} Chosen
 * @template Sample
 * @param {readonly Chosen[]} sides
 * @param {number} runs of each side
 * @param {(side: Chosen, run: number) => Promise<Sample>} measure
 * @returns {Promise<Record<Chosen, Sample[]>>}
 */
export async function alternate(sides, runs, measure) {
  const samples = /** @type {Record<Chosen, Sample[]>} */ (
    Object.fromEntries(sides.map((side) => [side, /** @type {Sample[]} */ ([])]))
  );
  for (let run = 0; run < runs; run++) {
    for (const side of sides) samples[side].push(await measure(side, run));
  }
  return samples;
}
