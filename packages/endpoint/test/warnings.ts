// The process warnings of this package, as tests see them.
import { afterEach } from 'vitest';

const stops = new Set<() => void>();

afterEach(() => {
  for (const stop of stops) stop();
  stops.clear();
});

/** Warnings from now on to the end of the test. Node emits them in the turn after they are made. */
export function warningsFromNowOn(): Error[] {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => {
    if (warning.name === 'LongwireWarning') warnings.push(warning);
  };
  process.on('warning', listen);
  stops.add(() => process.off('warning', listen));
  return warnings;
}
