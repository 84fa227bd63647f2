// Us, the peer, us, the peer, …: what changes on the machine while a benchmark runs meets both.

/** @typedef {'longwire' | 'ws'} Side */

/** @type {readonly Side[]} */
export const sides = ['longwire', 'ws'];

/**
 * @template Sample
 * @param {number} runs of each side
 * @param {(side: Side, run: number) => Promise<Sample>} measure
 * @returns {Promise<Record<Side, Sample[]>>}
 */
export async function alternate(runs, measure) {
  /** @type {Record<Side, Sample[]>} */
  const samples = { longwire: [], ws: [] };
  for (let run = 0; run < runs; run++) {
    for (const side of sides) samples[side].push(await measure(side, run));
  }
  return samples;
}
