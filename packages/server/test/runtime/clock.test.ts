import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/runtime/clock.js';

describe('systemClock', () => {
  it('now() is in milliseconds since 1970, and monotonicMs() never goes back', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });

  it('runs a timer once after its delay and not after it was cancelled', async () => {
    const cancelled = vi.fn();
    systemClock.setTimer(1, cancelled).cancel();
    await new Promise<void>((resolve) => {
      systemClock.setTimer(5, resolve);
      // The timer itself does not keep a process alive; the test has to.
      setTimeout(resolve, 1_000).unref();
    });
    expect(cancelled).not.toHaveBeenCalled();
  });

  it('waits through delays that setTimeout cannot count, such as forty days', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const dayMs = 86_400_000;
      const callback = vi.fn();
      systemClock.setTimer(40 * dayMs, callback);
      vi.advanceTimersByTime(39 * dayMs);
      expect(callback).not.toHaveBeenCalled();
      vi.advanceTimersByTime(dayMs + 1);
      expect(callback).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('repeats until cancelled', async () => {
    let runs = 0;
    await new Promise<void>((resolve) => {
      const timer = systemClock.setRepeatingTimer(1, () => {
        runs += 1;
        if (runs < 3) return;
        timer.cancel();
        resolve();
      });
    });
    expect(runs).toBe(3);
  });
});

describe('ManualClock', () => {
  it('runs what falls due in the order of time, a repeating timer as often as it is due', () => {
    const clock = new ManualClock(0);
    const log: string[] = [];
    clock.setTimer(25, () => log.push(`once at ${clock.now()}`));
    const repeating = clock.setRepeatingTimer(10, () => log.push(`tick at ${clock.now()}`));
    clock.advanceSync(30);
    repeating.cancel();
    clock.advanceSync(100);
    expect(log).toEqual(['tick at 10', 'tick at 20', 'once at 25', 'tick at 30']);
    expect(clock.timers).toBe(0);
  });
});
