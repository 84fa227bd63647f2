// Latencies as counts per tenth of a millisecond: millions of samples without keeping them.

const bucketsPerMs = 10;
const maxMs = 10_000;

export class LatencyRecorder {
  #counts = new Uint32Array(maxMs * bucketsPerMs + 1);
  #samples = 0;

  get samples() {
    return this.#samples;
  }

  /** @param {number} ms */
  add(ms) {
    const bucket = ms >= maxMs ? maxMs * bucketsPerMs : (ms * bucketsPerMs) | 0;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#samples += 1;
  }

  clear() {
    this.#counts.fill(0);
    this.#samples = 0;
  }

  /** @param {number} share 0.99 = p99 */
  percentile(share) {
    let missing = Math.ceil(this.#samples * share);
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      missing -= this.#counts[bucket] ?? 0;
      // The upper edge of the bucket: never better than it was.
      if (missing <= 0) return (bucket + 1) / bucketsPerMs;
    }
    return maxMs;
  }

  summary() {
    return {
      samples: this.#samples,
      p50Ms: this.percentile(0.5),
      p90Ms: this.percentile(0.9),
      p99Ms: this.percentile(0.99),
      p999Ms: this.percentile(0.999),
      maxMs: this.percentile(1),
    };
  }
}
